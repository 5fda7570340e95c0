/**
 * ASHA, Algorithm 2 of Li et al. (2020), its stopping variant, and several brackets
 * of either, by scanning lists.
 *
 *     get_job: for k = top − 1 … 0
 *                candidates = top_k(rung k, |rung k| / eta)
 *                promotable = {t in candidates: t not promoted}
 *                if any: return best promotable, k + 1
 *              return a random configuration, 0
 */
import type { Decision, Retirement, Verdict } from '../../../../server/policy/schedulers/scheduler.js';
import { exactLadder, exactSizes, exactTop, type Fraction } from './exact.js';
import { sorted, type Oracle, type Place, type Row } from './oracle.js';

interface Trial {
  readonly bracket: number;
  readonly rows: (Row | undefined)[];
  /** The highest rung that it has been sent to. */
  rung: number;
  waits: boolean;
  alive: boolean;
  feasible: boolean;
}

export class AsynchronousOracle implements Oracle {
  private readonly trials = new Map<number, Trial>();
  private readonly ladder: number[];
  private readonly weights: number[];
  private clock = 0;

  constructor(
    min: number,
    max: number,
    private readonly eta: Fraction,
    private readonly brackets: readonly number[],
    private readonly stopping: boolean,
    private readonly minSamples = 1,
  ) {
    this.ladder = exactLadder(min, max, eta);
    this.weights = exactSizes(this.ladder.length, eta, false);
  }

  next(canStart: boolean): Decision | undefined {
    if (!this.stopping) {
      // Places on the whole ladder, the highest first; of several brackets there, the most aggressive first.
      for (let place = this.ladder.length - 2; place >= 0; place--) {
        for (const bracket of this.brackets) {
          if (place < bracket) continue;
          const rung = place - bracket;
          const rows = this.rows(bracket, rung);
          const candidates = sorted(rows).slice(0, exactTop(rows.length, this.eta));
          const best = candidates.find(({ trial, class: kind }) => {
            const { alive, rung: sentTo } = this.trials.get(trial)!;
            return alive && sentTo === rung && kind !== 'failure';
          });
          if (best !== undefined) return { kind: 'promote', trial: best.trial };
        }
      }
    }
    return canStart ? { kind: 'start' } : undefined;
  }

  start(trial: number): void {
    const counts = this.brackets.map((bracket) => {
      return [...this.trials.values()].filter((other) => other.bracket === bracket && other.feasible).length;
    });
    const all = counts.reduce((sum, count) => sum + count, 0) + 1;
    const weights = this.brackets.map((bracket) => this.weights[bracket]!);
    const sum = weights.reduce((total, weight) => total + weight, 0);
    const deficits = counts.map((count, i) => weights[i]! * all - count * sum);
    const bracket = this.brackets[deficits.indexOf(Math.max(...deficits))]!;
    this.trials.set(trial, { bracket, rows: [], rung: 0, waits: false, alive: true, feasible: true });
  }

  promote(trial: number): void {
    const it = this.trials.get(trial)!;
    it.rung++;
    it.waits = true;
  }

  report(trial: number, step: number, loss: number): Verdict {
    const it = this.trials.get(trial)!;
    const order = ++this.clock;
    const rungs = this.ladder.slice(it.bracket);
    const last = rungs.length - 1;
    let reached = -1;
    let passes = true;
    rungs.forEach((at, rung) => {
      if (step < at || it.rows[rung] !== undefined) return;
      it.rows[rung] = { trial, class: Number.isNaN(loss) ? 'nan' : 'number', loss, order };
      reached = rung;
      const rows = this.rows(it.bracket, rung);
      const rank = sorted(rows).findIndex((row) => row.trial === trial) + 1;
      if (rows.length >= this.minSamples && rank > Math.max(exactTop(rows.length, this.eta), 1))
        passes = false;
    });
    if (reached === -1) {
      if (this.stopping) return 'continue';
      return it.waits || it.rows[it.rung] !== undefined ? 'pause' : 'continue';
    }
    it.waits = false;
    if (!this.stopping) it.rung = reached;
    else it.rung = passes ? Math.min(reached + 1, last) : reached;
    if (reached === last) {
      it.alive = false;
      return 'complete';
    }
    if (!this.stopping) return 'pause';
    it.alive = passes;
    return passes ? 'continue' : 'stop';
  }

  lend(trial: number): void {
    this.trials.get(trial)!.waits = false;
  }

  retire(trial: number, how: Retirement): void {
    const it = this.trials.get(trial)!;
    it.alive = false;
    const order = ++this.clock;
    if (how === 'infeasible') it.feasible = false;
    if (how === 'failed') it.rows[it.rung] ??= { trial, class: 'failure', loss: 0, order };
  }

  settle() {
    return { promoted: [], stopped: [] };
  }

  place(trial: number): Place {
    const { bracket, rung } = this.trials.get(trial)!;
    return { round: 0, bracket, rung, target: this.ladder[bracket + rung]! };
  }

  private rows(bracket: number, rung: number): Row[] {
    return [...this.trials.values()].flatMap((trial) => {
      const row = trial.rows[rung];
      return trial.bracket === bracket && trial.feasible && row !== undefined ? [row] : [];
    });
  }
}
