/**
 * What the asynchronous schedulers ask of one bracket: promotion (`asha-bracket.ts`)
 * or stopping (`stopping-bracket.ts`). Calls mean what they mean in `Scheduler`.
 */
import type { Scheduling } from '../../domain/spec.js';
import type { Remembered, Reported, Retirement, Score } from './scheduler.js';

/** A trial that may be promoted. */
export interface Promotable {
  readonly trial: number;
  /** The step to which the promotion trains it. */
  readonly target: number;
}

export interface AsynchronousBracket {
  /** The place of a new trial in this bracket. */
  enter(): Scheduling;
  /** The promotion to give next, if any: of the highest rung that has one, the best trial. */
  promotable(): Promotable | undefined;
  promote(scheduling: Scheduling): Scheduling;
  report(trial: number, scheduling: Scheduling, step: number, score: Score): Reported;
  retire(trial: number, scheduling: Scheduling, how: Retirement, sequence: number): Scheduling;
  restore(remembered: Remembered): void;
}
