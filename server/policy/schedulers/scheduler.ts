/**
 * The contract of schedulers: how far each trial is trained.
 *
 * A scheduler is a pure state machine. It is told what happened (`start`,
 * `report`, `retire`), says what should happen (`decide`, `settle`), and the
 * engine does it, writes it down, and never asks again: what has been decided is
 * on the trial's record, as a `Scheduling`. The whole state of a scheduler can be
 * rebuilt from these records (`restore`), so that a restart at any moment changes
 * no later decision. It reads no clock, no `Math.random` and does no I/O.
 *
 * What a scheduler holds in memory are ranks: per rung an order-statistics
 * structure, so that each call costs O(log n) in the trials of the study
 * (closing a synchronous rung costs one sort of that rung).
 *
 * Ranks are by (kind, loss, sequence): numbers and infinities by loss, then NaN,
 * then FAILED; ties by sequence, the older first.
 *
 * Words. A *ladder* is the list of steps at which trials are compared; its last
 * is the study's maximum resource. A *rung* is a place on the ladder of a
 * *bracket*, counted from 0 within the bracket. Bracket 0 has the most rungs.
 *
 * Order of calls for one trial: `start`, then `report`, and `promoted` trials
 * again `report` …, until a verdict ends it or `retire`. Between two events of
 * a study the engine calls `settle` until it gives nothing.
 *
 * A new scheduler is one file here, its settings in `SchedulerSpec`, and one line
 * in `index.ts`; `test/policy/schedulers/conformance.ts` says whether it is right.
 */
import type { Violation } from '../../domain/errors.js';
import type { RungResult, Scheduling, StudySpec } from '../../domain/spec.js';

/** The ranking metric of a report, as a loss: lower is better. May be NaN or infinite. */
export interface Score {
  readonly loss: number;
  /** Sequence number of the report in the study; unique, rising. */
  readonly sequence: number;
}

/** What the next asker is to get. */
export type Decision =
  /** A paused trial goes on to the next rung; the engine then calls `promote` with it. */
  | { readonly kind: 'promote'; readonly trial: number }
  /** A new trial; the engine then calls `start`. */
  | { readonly kind: 'start' };

/** What becomes of a trial that has reported. */
export type Verdict =
  /** It trains on, to `scheduling.target`. */
  | 'continue'
  /** It has reached its target and waits; `promote` or `settle` may let it go on. */
  | 'pause'
  /** It has been ranked out: STOPPED. */
  | 'stop'
  /** It has reached the maximum resource: SUCCEEDED. */
  | 'complete';

/** What a report has brought. */
export interface Reported {
  /** Where the trial now stands; the same object where nothing has changed. */
  readonly scheduling: Scheduling;
  readonly verdict: Verdict;
}

/**
 * How a trial left before its time.
 * - `failed`: counts in the rung it was training towards as FAILED, ranked last;
 * - `infeasible`: is taken out of all its rungs, and replaced where its bracket
 *   still takes trials;
 * - `ended`: by its worker (CompleteTrial before the target), a user, or a limit:
 *   keeps the rung results that it has, is never promoted, and is waited for no
 *   longer.
 */
export type Retirement = 'failed' | 'infeasible' | 'ended';

/** A consequence of `settle`, for one trial that is paused. */
export type Settlement =
  /**
   * A decided promotion: the trial's new place, with `promoted` set where it is to
   * be lent. A trial that overstepped its target and has a result at its new place
   * already is not lent: it goes on waiting, there.
   */
  | { readonly kind: 'promote'; readonly trial: number; readonly scheduling: Scheduling }
  /** Ranked out at a rung that has closed: STOPPED, reason OUTRANKED. */
  | { readonly kind: 'stop'; readonly trial: number };

/** A trial as its record tells it, for `restore`. */
export interface Remembered {
  readonly trial: number;
  readonly scheduling: Scheduling;
  /**
   * - `live`: REQUESTED trials are not told; ACTIVE, STOPPING and PAUSED ones are;
   * - `outranked`: STOPPED by a verdict or settlement of the scheduler;
   * - `completed`: SUCCEEDED by the verdict `complete`;
   * - else how it retired.
   */
  readonly fate: 'live' | 'outranked' | 'completed' | Retirement;
}

export interface Scheduler {
  /**
   * Decides what the next asker gets. Changes nothing: asked again it answers the
   * same.
   * @param canStart whether a new trial may be created now
   * @returns undefined where there is nothing to hand out until something else
   *   happens
   */
  decide(canStart: boolean): Decision | undefined;

  /**
   * The step to which the trial would be trained that `start` would take in now.
   * Changes nothing: the engine looks whether it fits the budget before it starts.
   */
  startTarget(): number;

  /**
   * Takes in a new trial, right after `decide` gave `start`.
   * @returns its place; without `draw`, which the engine adds
   */
  start(trial: number): Scheduling;

  /**
   * Books the promotion that `decide` gave.
   * @returns the trial's new place, with `promoted` set
   */
  promote(trial: number, scheduling: Scheduling): Scheduling;

  /**
   * Takes in a report that carries the ranking metric. A report that reaches
   * several rungs is recorded in each, once, with the same loss; one that reaches
   * none changes nothing. Rungs that the trial has a result in are not crossed
   * again, so a repeated attempt changes no rank. At or past the maximum the
   * verdict is `complete`.
   * @param step of the report; the trial is live
   */
  report(trial: number, scheduling: Scheduling, step: number, score: Score): Reported;

  /**
   * Takes a live trial out. FAILED results are added to the scheduling that is
   * returned; all else about it stays.
   * @param sequence of the change
   */
  retire(trial: number, scheduling: Scheduling, how: Retirement, sequence: number): Scheduling;

  /**
   * What follows from all that has happened: the closing of synchronous rungs.
   * At most one for each trial. The engine applies and records all of it in the
   * commit of the event. Called again without an event in between it gives
   * nothing. Survivors that already have a result at the next rung are not waited
   * for there.
   * @param canStart whether another trial may enter: where not, rungs close with
   *   what was admitted
   */
  settle(canStart: boolean): Settlement[];

  /**
   * Takes in a trial from its record, on a scheduler that has seen no other call
   * yet; in any order. Deleted trials are told too.
   */
  restore(remembered: Remembered): void;
}

/** What makes schedulers of one kind. */
export interface SchedulerKind {
  /** The name of its field in `SchedulerSpec`, such as `successive_halving`. */
  readonly name: string;
  /** What it does, in a sentence. */
  readonly summary: string;
  /** When to use it, in a sentence. */
  readonly useWhen: string;
  readonly needsResource: boolean;
  /** Whether it pauses trials, so that workers resume from a checkpoint or train anew. */
  readonly pausesTrials: boolean;
  /**
   * What is wrong with a spec for this scheduler; fields relative to the spec, such
   * as `scheduler.asha.eta`. The spec's resource is valid.
   */
  check(spec: StudySpec): Violation[];
  /** Fills in the settings that are not set, so that the study shows what it runs with. */
  withDefaults(spec: StudySpec): StudySpec;
  /** Makes the scheduler of a study whose spec `withDefaults` has completed and `check` has passed. */
  create(spec: StudySpec): Scheduler;
}

export type { RungResult, Scheduling };
