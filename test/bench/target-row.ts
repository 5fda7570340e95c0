/** A row of the table of targets. `ratio` is in the unit that `target` names where it is no ratio. */
export interface TargetRow {
  question: string;
  ratio: number;
  low: number;
  high: number;
  target: string;
}
