/**
 * What a slow reading of a paper must tell to be compared with a scheduler: the
 * same calls with nothing but numbers, and no rebuilding from records.
 */
import type { Decision, Retirement, Verdict } from '../../../../server/policy/schedulers/scheduler.js';

export interface Place {
  readonly round: number;
  readonly bracket: number;
  readonly rung: number;
  readonly target: number;
}

export interface Oracle {
  next(canStart: boolean): Decision | undefined;
  start(trial: number): void;
  promote(trial: number): void;
  /** A promotion is lent: its worker trains towards it. */
  lend(trial: number): void;
  report(trial: number, step: number, loss: number): Verdict;
  retire(trial: number, how: Retirement): void;
  /** Who goes on and who is stopped now, where rungs are synchronous. */
  settle(canStart: boolean): { readonly promoted: number[]; readonly stopped: number[] };
  place(trial: number): Place;
}

/** What a trial has in a rung, as a row to be sorted. */
export interface Row {
  readonly trial: number;
  /** Numbers before NaN before failures. */
  readonly class: 'number' | 'nan' | 'failure';
  readonly loss: number;
  readonly order: number;
}

/** Rows from the best to the worst. */
export function sorted(rows: readonly Row[]): Row[] {
  const classes = ['number', 'nan', 'failure'];
  return [...rows].sort((a, b) => {
    if (a.class !== b.class) return classes.indexOf(a.class) - classes.indexOf(b.class);
    if (a.class === 'number' && a.loss !== b.loss) return a.loss < b.loss ? -1 : 1;
    return a.order - b.order;
  });
}
