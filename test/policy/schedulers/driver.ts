/**
 * Plays the engine to a scheduler: keeps the trials' records, applies what is
 * decided, lends promoted trials before new ones, and restarts at will. What an
 * engine does beyond that (leases, checkpoints, clocks) no scheduler can see.
 */
import type { Scheduling, StudySpec } from '../../../server/domain/spec.js';
import { schedulerOf } from '../../../server/policy/schedulers/index.js';
import type {
  Remembered,
  Retirement,
  Scheduler,
  Settlement,
  Verdict,
} from '../../../server/policy/schedulers/scheduler.js';

export interface Driven {
  readonly trial: number;
  scheduling: Scheduling;
  fate: Remembered['fate'];
  /** Whether somebody trains it now. */
  active: boolean;
}

export interface Job {
  readonly trial: number;
  readonly target: number;
}

export class Driver {
  readonly spec: StudySpec;
  readonly trials = new Map<number, Driven>();
  /** Trials that may be started, infeasible ones not counted. */
  private limit: number;
  /** What events have led to; whoever looks at it empties it. */
  settled: Settlement[] = [];
  /** Whom the last call of `ask` had decided to promote. */
  promoted: number | undefined;
  private scheduler: Scheduler;
  private readonly queue: number[] = [];
  private sequence = 0;

  constructor(spec: StudySpec, limit = Infinity) {
    this.spec = schedulerOf(spec).withDefaults(spec);
    const violations = schedulerOf(this.spec).check(this.spec);
    if (violations.length > 0) throw new Error(JSON.stringify(violations));
    this.limit = limit;
    this.scheduler = schedulerOf(this.spec).create(this.spec);
  }

  get canStart(): boolean {
    return [...this.trials.values()].filter(({ fate }) => fate !== 'infeasible').length < this.limit;
  }

  get live(): Driven[] {
    return [...this.trials.values()].filter(({ fate }) => fate === 'live');
  }

  get active(): Driven[] {
    return this.live.filter(({ active }) => active);
  }

  get(trial: number): Driven {
    const driven = this.trials.get(trial);
    if (driven === undefined) throw new Error(`no trial ${trial}`);
    return driven;
  }

  decide(canStart: boolean) {
    return this.scheduler.decide(canStart);
  }

  settle(): Settlement[] {
    return this.scheduler.settle(this.canStart);
  }

  /**
   * Gives the next asker a job; undefined where there is none now.
   * @param late whether a promotion decided here has to wait, for its checkpoint, and is lent at a later call
   */
  ask(late = false): Job | undefined {
    this.promoted = undefined;
    const waiting = this.queue.shift();
    if (waiting !== undefined) return this.lend(waiting);
    const decision = this.scheduler.decide(this.canStart);
    if (decision?.kind === 'promote') {
      const driven = this.get(decision.trial);
      driven.scheduling = this.scheduler.promote(decision.trial, driven.scheduling);
      this.promoted = decision.trial;
      this.follow();
      if (late) {
        this.queue.push(decision.trial);
        return undefined;
      }
      return this.lend(decision.trial);
    }
    if (decision?.kind === 'start') {
      const trial = this.trials.size + 1;
      const scheduling = { ...this.scheduler.start(trial), draw: trial - 1 };
      this.trials.set(trial, { trial, scheduling, fate: 'live', active: false });
      this.follow();
      return this.lend(trial);
    }
    return undefined;
  }

  report(trial: number, step: number, loss: number): Verdict {
    const driven = this.get(trial);
    const { scheduling, verdict } = this.scheduler.report(trial, driven.scheduling, step, {
      loss,
      sequence: ++this.sequence,
    });
    driven.scheduling = scheduling;
    if (!scheduling.promoted) this.withdraw(trial);
    if (verdict !== 'continue') driven.active = false;
    if (verdict === 'stop') driven.fate = 'outranked';
    if (verdict === 'complete') driven.fate = 'completed';
    this.follow();
    return verdict;
  }

  retire(trial: number, how: Retirement): void {
    const driven = this.get(trial);
    driven.scheduling = this.scheduler.retire(trial, driven.scheduling, how, ++this.sequence);
    driven.fate = how;
    driven.active = false;
    this.withdraw(trial);
    this.follow();
  }

  /** Changes the limit. */
  change(more: number): void {
    this.limit += more;
    this.follow();
  }

  /** A worker is lost before it has given the trial back: it is trained again to the same target. */
  lose(trial: number): void {
    this.get(trial).active = true;
  }

  /** A scheduler that knows what the records tell, told in the given order. */
  restored(order: (trials: Driven[]) => Driven[] = (trials) => trials): Scheduler {
    const scheduler = schedulerOf(this.spec).create(this.spec);
    for (const { trial, scheduling, fate } of order([...this.trials.values()])) {
      // A copy: what the scheduler has in its hands must not matter.
      scheduler.restore({
        trial,
        scheduling: structuredClone(scheduling),
        fate,
      });
    }
    return scheduler;
  }

  restart(order?: (trials: Driven[]) => Driven[]): void {
    this.scheduler = this.restored(order);
    this.follow();
  }

  private lend(trial: number): Job {
    const driven = this.get(trial);
    driven.active = true;
    driven.scheduling = { ...driven.scheduling, promoted: false };
    return { trial, target: driven.scheduling.target };
  }

  /** Applies what follows from an event, until nothing does. */
  private follow(): void {
    for (let some = this.settle(); some.length > 0; some = this.settle()) {
      this.settled.push(...some);
      for (const settlement of some) {
        const driven = this.get(settlement.trial);
        if (settlement.kind === 'stop') {
          driven.fate = 'outranked';
          driven.active = false;
        } else {
          driven.scheduling = settlement.scheduling;
          if (settlement.scheduling.promoted) this.queue.push(settlement.trial);
        }
      }
    }
  }

  private withdraw(trial: number): void {
    const at = this.queue.indexOf(trial);
    if (at >= 0) this.queue.splice(at, 1);
  }
}

/** A job in the notation of the golden vectors: trial@rung. */
export function jobName(driver: Driver, { trial }: Job): string {
  return `${trial}@${driver.get(trial).scheduling.rung}`;
}
