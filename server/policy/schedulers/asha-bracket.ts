/**
 * One bracket of ASHA by promotion (Li et al. 2020, "A System for Massively
 * Parallel Hyperparameter Tuning", Algorithm 2).
 */
import type { Scheduling } from '../../domain/spec.js';
import type { AsynchronousBracket, Promotable } from './asynchronous-bracket.js';
import { crossed, failure, nextRung, resultAt } from './crossing.js';
import { topOf } from './ladder.js';
import { firstPlace } from './place.js';
import { RungRanking } from './rung-ranking.js';
import type { Remembered, Reported, Retirement, Score } from './scheduler.js';

export class AshaBracket implements AsynchronousBracket {
  private readonly rungs: readonly RungRanking[];

  /**
   * @param bracket its number
   * @param ladder its rungs' steps, the last the study's maximum
   */
  constructor(
    private readonly bracket: number,
    private readonly ladder: readonly number[],
    private readonly eta: number,
  ) {
    this.rungs = ladder.map(() => new RungRanking());
  }

  enter(): Scheduling {
    return firstPlace(0, this.bracket, 0, this.ladder[0]!);
  }

  promotable(): Promotable | undefined {
    for (let rung = this.ladder.length - 2; rung >= 0; rung--) {
      const ranking = this.rungs[rung]!;
      // The best that waits has the least rank of all that wait: if it is not among the top, none is.
      const best = ranking.best();
      if (best !== undefined && best.rank <= topOf(ranking.size, this.eta)) {
        return { trial: best.trial, target: this.ladder[rung + 1]! };
      }
    }
    return undefined;
  }

  promote(scheduling: Scheduling): Scheduling {
    this.leave(scheduling);
    const rung = scheduling.rung + 1;
    return { ...scheduling, rung, target: this.ladder[rung]!, promoted: true };
  }

  report(trial: number, scheduling: Scheduling, step: number, score: Score): Reported {
    const news = crossed(scheduling, this.ladder, step, score);
    if (news.length === 0) {
      // A promoted trial that still reports has not been told to pause, or has not yet done so.
      const waits = scheduling.promoted || nextRung(scheduling) > scheduling.rung;
      return { scheduling, verdict: waits ? 'pause' : 'continue' };
    }
    this.leave(scheduling);
    const top = news.at(-1)!.rung;
    const complete = top === this.ladder.length - 1;
    for (const result of news) {
      this.rungs[result.rung]!.add(result, trial, result.rung === top && !complete);
    }
    return {
      scheduling: {
        ...scheduling,
        rung: top,
        target: this.ladder[top]!,
        results: [...scheduling.results, ...news],
        promoted: false,
      },
      verdict: complete ? 'complete' : 'pause',
    };
  }

  retire(trial: number, scheduling: Scheduling, how: Retirement, sequence: number): Scheduling {
    this.leave(scheduling);
    if (how === 'infeasible') {
      for (const result of scheduling.results) this.rungs[result.rung]!.remove(result);
    }
    const failed = how === 'failed' ? failure(scheduling, sequence) : undefined;
    if (failed === undefined) return scheduling;
    this.rungs[failed.rung]!.add(failed, trial, false);
    return { ...scheduling, results: [...scheduling.results, failed] };
  }

  restore({ trial, scheduling, fate }: Remembered): void {
    if (fate === 'infeasible') return;
    for (const result of scheduling.results) {
      this.rungs[result.rung]!.add(result, trial, fate === 'live' && result.rung === scheduling.rung);
    }
  }

  /** Where the trial waits, it no longer does. */
  private leave(scheduling: Scheduling): void {
    const result = resultAt(scheduling, scheduling.rung);
    if (result !== undefined) this.rungs[scheduling.rung]!.leave(result);
  }
}
