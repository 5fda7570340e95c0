import type { Scheduling } from '../../domain/spec.js';
import type {
  Decision,
  Remembered,
  Reported,
  Retirement,
  Scheduler,
  Score,
  Settlement,
} from './scheduler.js';
import { SynchronousBracket, type BracketPlan } from './synchronous-bracket.js';

/** Brackets of synchronous successive halving, one after the other, in rounds. */
export interface Schedule {
  readonly eta: number;
  /** The brackets of each round, in order; their `round` is filled in. At least one. */
  readonly brackets: readonly Omit<BracketPlan, 'round'>[];
  /** How often to run them all; Infinity is without end. */
  readonly rounds: number;
}

/**
 * A scheduler that runs brackets in order. A bracket begins as soon as those before
 * it have nothing to hand out, so that no worker idles while one has to wait for
 * others (Li et al. 2018, section 3.1, on running brackets in parallel).
 */
export class SynchronousScheduler implements Scheduler {
  private readonly brackets = new Map<number, SynchronousBracket>();
  /** Brackets by ordinal (rounds · brackets of a round + place) that take trials. */
  private readonly open = new Set<number>();
  /** Brackets in which something has happened since the last `settle`. */
  private readonly touched = new Set<number>();
  /** The ordinal of the bracket that begins next. */
  private next = 0;
  private rebuilt = true;

  constructor(private readonly schedule: Schedule) {}

  decide(canStart: boolean): Decision | undefined {
    this.rebuild();
    // Promotions are decided by `settle` and lent before anybody asks here.
    const more = this.open.size > 0 || this.next < this.schedule.brackets.length * this.schedule.rounds;
    return canStart && more ? { kind: 'start' } : undefined;
  }

  startTarget(): number {
    this.rebuild();
    const { brackets } = this.schedule;
    const ordinal = this.open.size === 0 ? this.next : Math.min(...this.open);
    return brackets[ordinal % brackets.length]!.ladder[0]!;
  }

  start(trial: number): Scheduling {
    this.rebuild();
    if (this.open.size === 0) {
      this.begin(this.next);
      this.open.add(this.next++);
    }
    const ordinal = Math.min(...this.open);
    return this.change(ordinal, (bracket) => bracket.start(trial));
  }

  promote(): never {
    throw new Error('a synchronous bracket promotes in settle');
  }

  report(trial: number, scheduling: Scheduling, step: number, score: Score): Reported {
    this.rebuild();
    return this.change(this.ordinalOf(scheduling), (bracket) =>
      bracket.report(trial, scheduling, step, score),
    );
  }

  retire(trial: number, scheduling: Scheduling, how: Retirement, sequence: number): Scheduling {
    this.rebuild();
    return this.change(this.ordinalOf(scheduling), (bracket) =>
      bracket.retire(trial, scheduling, how, sequence),
    );
  }

  settle(canStart: boolean): Settlement[] {
    this.rebuild();
    // An open bracket closes without an event of its own when nobody can enter any more.
    const ordinals = canStart ? this.touched : new Set([...this.touched, ...this.open]);
    const settlements: Settlement[] = [];
    for (const ordinal of [...ordinals].sort((a, b) => a - b)) {
      settlements.push(...this.change(ordinal, (bracket) => bracket.settle(canStart)));
    }
    this.touched.clear();
    return settlements;
  }

  restore(remembered: Remembered): void {
    const ordinal = this.ordinalOf(remembered.scheduling);
    (this.brackets.get(ordinal) ?? this.begin(ordinal)).restore(remembered);
    this.next = Math.max(this.next, ordinal + 1);
    this.rebuilt = false;
  }

  /** After the last record, since records come in any order. */
  private rebuild(): void {
    if (this.rebuilt) return;
    this.rebuilt = true;
    for (const ordinal of [...this.brackets.keys()]) this.change(ordinal, (bracket) => bracket.rebuild());
  }

  private change<T>(ordinal: number, act: (bracket: SynchronousBracket) => T): T {
    const bracket = this.brackets.get(ordinal);
    if (bracket === undefined) throw new Error('a bracket without live trials was told of one');
    const result = act(bracket);
    this.touched.add(ordinal);
    if (bracket.open) this.open.add(ordinal);
    else this.open.delete(ordinal);
    if (bracket.finished) {
      this.brackets.delete(ordinal);
      this.touched.delete(ordinal);
    }
    return result;
  }

  private begin(ordinal: number): SynchronousBracket {
    const { brackets, eta } = this.schedule;
    const plan = brackets[ordinal % brackets.length]!;
    const bracket = new SynchronousBracket({ ...plan, round: Math.floor(ordinal / brackets.length) }, eta);
    this.brackets.set(ordinal, bracket);
    return bracket;
  }

  private ordinalOf({ round, bracket }: Scheduling): number {
    const { brackets } = this.schedule;
    return round * brackets.length + (bracket - brackets[0]!.bracket);
  }
}
