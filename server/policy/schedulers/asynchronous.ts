import type { Scheduling } from '../../domain/spec.js';
import type { AsynchronousBracket, Promotable } from './asynchronous-bracket.js';
import type {
  Decision,
  Remembered,
  Reported,
  Retirement,
  Scheduler,
  Score,
  Settlement,
} from './scheduler.js';

/** A bracket and its share of the new trials. */
export interface Share {
  readonly bracket: AsynchronousBracket;
  /** A positive whole number; its part of the sum of all is the bracket's share. */
  readonly weight: number;
}

/**
 * A scheduler whose brackets decide on each report at once, each in rungs of its
 * own. New trials go to the bracket that is furthest below its share of the trials
 * started and not found infeasible, so that at every moment each bracket has its
 * share to within a trial or so, in any order of events and after any restart.
 * (ASHA paper, section 3.3: brackets in turn, each with Hyperband's budget.)
 */
export class AsynchronousScheduler implements Scheduler {
  private readonly shares: {
    readonly bracket: AsynchronousBracket;
    readonly weight: number;
    started: number;
  }[];
  private readonly weights: number;
  private started = 0;

  /**
   * @param first the number of the first bracket
   * @param shares at least one; the number of each is `first` plus its place
   */
  constructor(
    private readonly first: number,
    shares: readonly Share[],
  ) {
    this.shares = shares.map(({ bracket, weight }) => ({ bracket, weight, started: 0 }));
    this.weights = shares.reduce((sum, { weight }) => sum + weight, 0);
  }

  decide(canStart: boolean): Decision | undefined {
    let best: Promotable | undefined;
    for (const { bracket } of this.shares) {
      const promotable = bracket.promotable();
      // The highest rung first, over all brackets.
      if (promotable !== undefined && promotable.target > (best?.target ?? 0)) best = promotable;
    }
    if (best !== undefined) return { kind: 'promote', trial: best.trial };
    return canStart ? { kind: 'start' } : undefined;
  }

  startTarget(): number {
    return this.neediest().bracket.enter().target;
  }

  start(): Scheduling {
    const share = this.neediest();
    share.started++;
    this.started++;
    return share.bracket.enter();
  }

  promote(_trial: number, scheduling: Scheduling): Scheduling {
    return this.share(scheduling).bracket.promote(scheduling);
  }

  report(trial: number, scheduling: Scheduling, step: number, score: Score): Reported {
    return this.share(scheduling).bracket.report(trial, scheduling, step, score);
  }

  retire(trial: number, scheduling: Scheduling, how: Retirement, sequence: number): Scheduling {
    const share = this.share(scheduling);
    if (how === 'infeasible') {
      share.started--;
      this.started--;
    }
    return share.bracket.retire(trial, scheduling, how, sequence);
  }

  settle(): Settlement[] {
    return [];
  }

  restore(remembered: Remembered): void {
    const share = this.share(remembered.scheduling);
    if (remembered.fate !== 'infeasible') {
      share.started++;
      this.started++;
    }
    share.bracket.restore(remembered);
  }

  private share({ bracket }: Scheduling) {
    return this.shares[bracket - this.first]!;
  }

  /** The bracket with the largest deficit, weight · (trials + 1) / weights − started; the first of equals. */
  private neediest() {
    let neediest = this.shares[0]!;
    let largest = -Infinity;
    for (const share of this.shares) {
      // Times the sum of weights: whole numbers, so that equal deficits are equal.
      const deficit = share.weight * (this.started + 1) - share.started * this.weights;
      if (deficit > largest) [neediest, largest] = [share, deficit];
    }
    return neediest;
  }
}
