/**
 * What clients know of a study from what they were told: who holds what, what
 * was acknowledged, what was merged. It predicts no decision of a scheduler.
 */
import { valueOf } from '../../server/domain/measurement.js';
import type { Directive, Measurement } from '../../server/gen/wazir/v1/measurement.js';
import { MetricGoal, type Study } from '../../server/gen/wazir/v1/study.js';
import { TrialState, type Trial } from '../../server/gen/wazir/v1/trial.js';
import { hasEnded, type Snapshot } from './snapshot.js';
import { leaseMs, type Design } from './study-kinds.js';

export interface Hold {
  readonly kind: 'lease' | 'saving';
  readonly attempt: number;
  readonly client: string;
  /** When it was last renewed, on the server's clock. */
  activity: number;
}

/** An acknowledged measurement. */
export interface Known {
  readonly attempt: number;
  readonly step: number;
  readonly metrics: Map<string, number>;
  directive: Directive | undefined;
}

/** A hand-out, as its worker got it. */
export interface HandOut {
  readonly trial: number;
  readonly attempt: number;
  readonly client: string;
}

export class StudyModel {
  /** As it was when the last command had ended. */
  snapshot: Snapshot;
  readonly holds = new Map<number, Hold>();
  readonly handOuts: HandOut[] = [];
  /** From where each attempt of a trial started. */
  readonly starts = new Map<number, number[]>();
  readonly ledger = new Map<number, Map<string, Known>>();
  /** Deleted trials as they were last seen. */
  readonly buried = new Map<number, Trial>();
  /** Sequence number of the study after which a trial was gone. */
  readonly buriedAfter = new Map<number, number>();
  /** By trial, 0 is the study itself; by namespace and key. */
  readonly metadata = new Map<number, Map<string, string>>();
  readonly labels = new Map<string, string>();
  /** The study's sequence number after each command. */
  readonly boundaries: number[] = [0];
  /** Rungs to which a trial has been promoted. */
  readonly promotions = new Set<string>();
  lastId = 0;

  constructor(
    study: Study,
    readonly design: Design,
  ) {
    this.snapshot = { study, trials: new Map() };
  }

  get name(): string {
    return this.snapshot.study.name;
  }

  get uid(): string {
    return this.snapshot.study.uid;
  }

  get trials(): Trial[] {
    return [...this.snapshot.trials.values()];
  }

  get live(): Trial[] {
    return this.trials.filter((trial) => !hasEnded(trial));
  }

  /** What is or was a trial, deleted ones included. */
  get everyTrial(): Trial[] {
    return [...this.buried.values(), ...this.snapshot.trials.values()];
  }

  isRunning(hold: Hold | undefined, now: number): boolean {
    return hold !== undefined && hold.activity + leaseMs > now;
  }

  /** Trials in training whose lease has ended and that nobody took over. */
  lapsed(now: number): Trial[] {
    return this.live.filter(({ id, state }) => {
      const hold = this.holds.get(id);
      return state === TrialState.ACTIVE && hold?.kind === 'lease' && !this.isRunning(hold, now);
    });
  }

  /** Trials that were given back unfinished. */
  get released(): Trial[] {
    return this.live.filter(({ state, assignment }) => state === TrialState.ACTIVE && !assignment);
  }

  measurements(trial: number): Known[] {
    const known = [...(this.ledger.get(trial)?.values() ?? [])];
    return known.sort((a, b) => a.attempt - b.attempt || a.step - b.step);
  }

  known(trial: number, attempt: number, step: number): Known | undefined {
    return this.ledger.get(trial)?.get(`${attempt}:${step}`);
  }

  remember(trial: number, attempt: number, step: number, metrics: Measurement['metrics']): Known {
    const known = this.known(trial, attempt, step) ?? {
      attempt,
      step,
      metrics: new Map<string, number>(),
      directive: undefined,
    };
    // On the wire −0 is 0.
    for (const { name, value } of metrics) known.metrics.set(name, value + 0);
    const ledger = this.ledger.get(trial);
    if (ledger) ledger.set(`${attempt}:${step}`, known);
    else this.ledger.set(trial, new Map([[`${attempt}:${step}`, known]]));
    return known;
  }

  /** The highest step of an attempt; where it started before it has reported. */
  lastOf(trial: number, attempt: number): number {
    const start = this.starts.get(trial)?.[attempt - 1] ?? 0;
    const steps = this.measurements(trial).filter((known) => known.attempt === attempt);
    return Math.max(start, ...steps.map(({ step }) => step));
  }

  /** Steps trained over all attempts. */
  spent(trial: number): number {
    const starts = this.starts.get(trial) ?? [];
    return starts.reduce((sum, start, i) => sum + this.lastOf(trial, i + 1) - start, 0);
  }

  isSuperseded(trial: number, { attempt, step }: { attempt: number; step: number }): boolean {
    return (this.starts.get(trial) ?? []).slice(attempt).some((start) => start < step);
  }

  /** The ranking metric as a loss. */
  lossOf(metrics: ReadonlyMap<string, number>): number | undefined {
    const [ranking] = this.snapshot.study.spec!.metrics;
    const value = metrics.get(ranking!.name);
    return value === undefined ? undefined : (ranking!.goal === MetricGoal.MAXIMIZE ? -value : value) + 0;
  }

  lossIn(measurement: Measurement | undefined): number | undefined {
    if (!measurement) return undefined;
    const { name, goal } = this.snapshot.study.spec!.metrics[0]!;
    const value = valueOf(measurement, name);
    return value === undefined ? undefined : (goal === MetricGoal.MAXIMIZE ? -value : value) + 0;
  }

  /** Takes in what a command has led to; what has ended holds nothing. */
  observe(snapshot: Snapshot): void {
    this.snapshot = snapshot;
    for (const id of this.holds.keys()) {
      const trial = snapshot.trials.get(id);
      if (!trial || hasEnded(trial)) this.holds.delete(id);
    }
    this.lastId = Math.max(this.lastId, ...snapshot.trials.keys());
    if (this.boundaries.at(-1) !== snapshot.study.sequence) this.boundaries.push(snapshot.study.sequence);
  }
}
