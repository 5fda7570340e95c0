/**
 * One bracket of ASHA by stopping: trials train on through the rungs and end at
 * the first where they do not rank high enough among those seen so far.
 */
import type { RungResult, Scheduling } from '../../domain/spec.js';
import type { AsynchronousBracket } from './asynchronous-bracket.js';
import { crossed, failure } from './crossing.js';
import { topOf } from './ladder.js';
import { firstPlace } from './place.js';
import { RungRanking } from './rung-ranking.js';
import type { Remembered, Reported, Retirement, Score } from './scheduler.js';

export class StoppingBracket implements AsynchronousBracket {
  private readonly rungs: readonly RungRanking[];

  /**
   * @param bracket its number
   * @param ladder its rungs' steps, the last the study's maximum
   * @param minSamples results that a rung must hold, the trial's own included,
   *   before it stops anybody
   */
  constructor(
    private readonly bracket: number,
    private readonly ladder: readonly number[],
    private readonly eta: number,
    private readonly minSamples: number,
  ) {
    this.rungs = ladder.map(() => new RungRanking());
  }

  enter(): Scheduling {
    return firstPlace(0, this.bracket, 0, this.ladder[0]!);
  }

  promotable(): undefined {
    return undefined;
  }

  promote(): never {
    throw new Error('a stopping bracket promotes nobody');
  }

  report(trial: number, scheduling: Scheduling, step: number, score: Score): Reported {
    const news = crossed(scheduling, this.ladder, step, score);
    if (news.length === 0) return { scheduling, verdict: 'continue' };
    let passes = true;
    for (const result of news) {
      this.rungs[result.rung]!.add(result, trial, false);
      passes &&= this.passes(result);
    }
    const top = news.at(-1)!.rung;
    const last = this.ladder.length - 1;
    // Where it is stopped it stays at the last rung that it reached.
    const rung = passes ? Math.min(top + 1, last) : top;
    return {
      scheduling: {
        ...scheduling,
        rung,
        target: this.ladder[rung]!,
        results: [...scheduling.results, ...news],
      },
      verdict: top === last ? 'complete' : passes ? 'continue' : 'stop',
    };
  }

  retire(trial: number, scheduling: Scheduling, how: Retirement, sequence: number): Scheduling {
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
    for (const result of scheduling.results) this.rungs[result.rung]!.add(result, trial, false);
  }

  private passes(result: RungResult): boolean {
    const rung = this.rungs[result.rung]!;
    return rung.size < this.minSamples || rung.rank(result) <= Math.max(topOf(rung.size, this.eta), 1);
  }
}
