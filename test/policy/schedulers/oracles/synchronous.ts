/**
 * Successive halving and Hyperband, Algorithm 1 of Li et al. (2018), by scanning
 * lists, for workers that come and go.
 *
 *     for s in brackets:  T = n configurations
 *       for i = 0 … s:    L = {run(t, r_i): t in T};  T = top_k(T, L, floor(n_i / eta))
 *
 * A bracket begins where those before have nothing to hand out.
 */
import type { Decision, Retirement, Verdict } from '../../../../server/policy/schedulers/scheduler.js';
import { exactTop, type Fraction } from './exact.js';
import { sorted, type Oracle, type Place, type Row } from './oracle.js';

export interface OracleBracket {
  readonly bracket: number;
  readonly rungs: readonly number[];
  readonly n: number;
}

interface Trial {
  readonly trial: number;
  readonly group: number;
  readonly rows: (Row | undefined)[];
  rung: number;
  state: 'alive' | 'complete' | Retirement | 'out';
  waits: boolean;
}

interface Group {
  readonly plan: OracleBracket;
  readonly round: number;
  /** T of each rung, in no order; rung 0 fills as trials start. */
  readonly rungs: Trial[][];
}

export class SynchronousOracle implements Oracle {
  private readonly groups: Group[] = [];
  private readonly trials = new Map<number, Trial>();
  private clock = 0;

  constructor(
    private readonly eta: Fraction,
    private readonly plans: readonly OracleBracket[],
    private readonly rounds: number,
  ) {}

  next(canStart: boolean): Decision | undefined {
    if (!canStart) return undefined;
    const more = this.groups.length < this.plans.length * this.rounds;
    return more || this.groups.some((group) => this.takes(group)) ? { kind: 'start' } : undefined;
  }

  start(trial: number): void {
    let group = this.groups.find((other) => this.takes(other));
    if (group === undefined) {
      const plan = this.plans[this.groups.length % this.plans.length]!;
      group = { plan, round: Math.floor(this.groups.length / this.plans.length), rungs: [[]] };
      this.groups.push(group);
    }
    const at = this.groups.indexOf(group);
    const it: Trial = { trial, group: at, rows: [], rung: 0, state: 'alive', waits: false };
    group.rungs[0]!.push(it);
    this.trials.set(trial, it);
  }

  promote(): void {
    throw new Error('synchronous rungs promote when they close');
  }

  lend(trial: number): void {
    this.trials.get(trial)!.waits = false;
  }

  report(trial: number, step: number, loss: number): Verdict {
    const it = this.trials.get(trial)!;
    const order = ++this.clock;
    const { rungs } = this.groups[it.group]!.plan;
    rungs.forEach((at, rung) => {
      if (step >= at) it.rows[rung] ??= { trial, class: Number.isNaN(loss) ? 'nan' : 'number', loss, order };
    });
    if (it.rows[rungs.length - 1] !== undefined) {
      it.state = 'complete';
      return 'complete';
    }
    return it.waits || it.rows[it.rung] !== undefined ? 'pause' : 'continue';
  }

  retire(trial: number, how: Retirement): void {
    this.trials.get(trial)!.state = how;
    this.clock++;
  }

  settle(canStart: boolean) {
    const moved = new Map<number, 'promoted' | 'stopped'>();
    for (const group of this.groups) {
      while (this.closes(group, canStart)) {
        const rung = group.rungs.length - 1;
        const here = this.counted(group);
        const rows = here.flatMap((it) => {
          const row = it.rows[rung];
          const further =
            it.rows[rung + 1] !== undefined && (it.state === 'complete' || it.state === 'ended');
          return row !== undefined && (it.state === 'alive' || further) ? [row] : [];
        });
        const top = sorted(rows)
          .slice(0, exactTop(here.length, this.eta))
          .map((row) => this.trials.get(row.trial)!);
        for (const it of here.filter(({ state }) => state === 'alive')) {
          if (top.includes(it)) {
            it.rung = rung + 1;
            it.waits = it.rows[it.rung] === undefined;
            moved.set(it.trial, 'promoted');
          } else {
            it.state = 'out';
            moved.set(it.trial, 'stopped');
          }
        }
        group.rungs.push(top);
      }
    }
    const of = (what: string) => [...moved].filter(([, how]) => how === what).map(([trial]) => trial);
    return { promoted: of('promoted'), stopped: of('stopped') };
  }

  place(trial: number): Place {
    const { group, rung } = this.trials.get(trial)!;
    const { plan, round } = this.groups[group]!;
    return { round, bracket: plan.bracket, rung, target: plan.rungs[rung]! };
  }

  /** The trials of the last rung that was opened; at the lowest, infeasible ones have been replaced. */
  private counted({ rungs }: Group): Trial[] {
    const trials = rungs.at(-1)!;
    return rungs.length > 1 ? trials : trials.filter(({ state }) => state !== 'infeasible');
  }

  private takes(group: Group): boolean {
    return group.rungs.length === 1 && this.counted(group).length < group.plan.n;
  }

  private closes(group: Group, canStart: boolean): boolean {
    const rung = group.rungs.length - 1;
    if (rung === group.plan.rungs.length - 1 || (this.takes(group) && canStart)) return false;
    const here = this.counted(group);
    const waitedFor = here.some(({ state, rows }) => state === 'alive' && rows[rung] === undefined);
    // Without anybody alive a closing would change nothing.
    return !waitedFor && here.some(({ state }) => state === 'alive');
  }
}
