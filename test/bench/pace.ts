/** How long it takes to ask. */
export interface Pace {
  /** Requests that each server answers before anything is measured; */
  readonly warmUpRequests: number;
  /** … and milliseconds after which it is enough in any case. */
  readonly warmUpMs: number;
  /** About how long a turn of the server lasts, in milliseconds. */
  readonly turnMs: number;
  /** Turns of each that are measured. */
  readonly rounds: number;
  /** Requests of a turn, at the least. */
  readonly fewestRequests: number;
}

export const usualPace: Pace = {
  warmUpRequests: 20_000,
  warmUpMs: 8000,
  turnMs: 1500,
  rounds: 7,
  fewestRequests: 1000,
};

/** For a point of a curve, of servers whose code is compiled already. */
export const curvePace: Pace = {
  warmUpRequests: 4000,
  warmUpMs: 2000,
  turnMs: 700,
  rounds: 5,
  fewestRequests: 1000,
};

/** Shows that it runs. Its figures mean nothing: nothing is compiled yet. */
export const quickPace: Pace = { warmUpRequests: 0, warmUpMs: 0, turnMs: 0, rounds: 2, fewestRequests: 256 };
