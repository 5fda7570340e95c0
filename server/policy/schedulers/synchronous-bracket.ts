/**
 * One bracket of synchronous successive halving (Li et al. 2018, Algorithm 1,
 * inner loop; ASHA paper, Algorithm 1).
 *
 * All its trials stand at one open rung. A rung closes once nobody in it is waited
 * for; then the best go on and the others end. Only a closing that moves or stops a
 * trial leaves a trace in the records, so only such a closing changes this state:
 * that is what makes a restart at any moment invisible.
 *
 * A trial that overstepped its target keeps its place (`rung`, `target`) until
 * the rung closes, though it has results further up: a rung is known to have
 * closed by its trials' places alone.
 */
import { RungResultKind, type Scheduling } from '../../domain/spec.js';
import { crossed, failure, nextRung, resultAt } from './crossing.js';
import { topOf } from './ladder.js';
import { firstPlace } from './place.js';
import { compareResults } from './rung-ranking.js';
import type { Remembered, Reported, Retirement, Score, Settlement } from './scheduler.js';

/** A bracket as its scheduler plans it. */
export interface BracketPlan {
  readonly round: number;
  readonly bracket: number;
  /** Steps of its rungs, the last the study's maximum. */
  readonly ladder: readonly number[];
  /** Trials that start it. */
  readonly size: number;
}

/** A trial that is in the open rung: live, or ended with results further up, so that it has its rank here. */
interface Member {
  readonly trial: number;
  readonly scheduling: Scheduling;
  readonly live: boolean;
}

export class SynchronousBracket {
  private readonly last: number;
  private rung = 0;
  /** Trials of the open rung; at rung 0 without infeasible ones. */
  private admitted = 0;
  /** Live trials of the open rung without a result there. */
  private outstanding = 0;
  private live = 0;
  private slots = 0;
  private members = new Map<number, Member>();
  private remembered: Remembered[] = [];

  constructor(
    private readonly plan: BracketPlan,
    private readonly eta: number,
  ) {
    this.last = plan.ladder.length - 1;
  }

  /** Whether it takes another trial. */
  get open(): boolean {
    return this.rung === 0 && this.admitted < this.plan.size;
  }

  /** Whether nothing can happen in it any more. */
  get finished(): boolean {
    return this.live === 0 && !this.open;
  }

  start(trial: number): Scheduling {
    const { round, bracket, ladder } = this.plan;
    const scheduling = firstPlace(round, bracket, this.slots++, ladder[0]!);
    this.admitted++;
    this.outstanding++;
    this.live++;
    this.members.set(trial, { trial, scheduling, live: true });
    return scheduling;
  }

  report(trial: number, scheduling: Scheduling, step: number, score: Score): Reported {
    const news = crossed(scheduling, this.plan.ladder, step, score);
    const { rung } = scheduling;
    if (news.length === 0) {
      const waits = scheduling.promoted || nextRung(scheduling) > rung;
      return { scheduling, verdict: waits ? 'pause' : 'continue' };
    }
    if (nextRung(scheduling) <= rung) this.outstanding--;
    const now = { ...scheduling, results: [...scheduling.results, ...news], promoted: false };
    if (news.at(-1)!.rung < this.last) {
      this.members.set(trial, { trial, scheduling: now, live: true });
      return { scheduling: now, verdict: 'pause' };
    }
    this.end(trial, now);
    return { scheduling: now, verdict: 'complete' };
  }

  retire(trial: number, scheduling: Scheduling, how: Retirement, sequence: number): Scheduling {
    if (nextRung(scheduling) <= this.rung) this.outstanding--;
    if (how === 'infeasible' && this.rung === 0) this.admitted--;
    this.end(trial, scheduling);
    if (how !== 'ended') this.members.delete(trial);
    const failed = how === 'failed' ? failure(scheduling, sequence) : undefined;
    return failed === undefined ? scheduling : { ...scheduling, results: [...scheduling.results, failed] };
  }

  /** Closes the open rung, and those above it that have all their results already. */
  settle(canStart: boolean): Settlement[] {
    const settlements = new Map<number, Settlement>();
    while (this.rung < this.last && this.outstanding === 0 && this.live > 0) {
      if (this.open && canStart) break;
      const { survivors, others } = this.rank([...this.members.values()]);
      for (const { trial, live } of others) if (live) settlements.set(trial, { kind: 'stop', trial });
      this.enter(survivors.map((member) => this.goOn(member)));
      for (const { trial, scheduling, live } of this.members.values()) {
        if (live) settlements.set(trial, { kind: 'promote', trial, scheduling });
      }
    }
    return [...settlements.values()];
  }

  /** Takes in a record; `rebuild` follows when all are in. */
  restore(remembered: Remembered): void {
    this.remembered.push(remembered);
  }

  /** Goes through the closings that the records show. */
  rebuild(): void {
    let trials = this.remembered;
    this.remembered = [];
    for (const { scheduling } of trials) this.slots = Math.max(this.slots, scheduling.slot + 1);
    this.admitted = trials.filter(
      ({ fate, scheduling }) => fate !== 'infeasible' || scheduling.rung > 0,
    ).length;
    while (trials.some(({ fate, scheduling }) => scheduling.rung > this.rung || fate === 'outranked')) {
      if (this.rung === this.last) break;
      const ranked = trials.filter(({ fate, scheduling }) => {
        if (scheduling.rung > this.rung || fate === 'outranked') return true;
        return (fate === 'completed' || fate === 'ended') && this.isFurther(scheduling);
      });
      trials = this.rank(ranked).survivors;
      this.admitted = trials.length;
      this.rung++;
    }
    const members = trials.flatMap(({ trial, scheduling, fate }): Member[] => {
      if (fate === 'live') return [{ trial, scheduling, live: true }];
      const counts = (fate === 'completed' || fate === 'ended') && this.isFurther(scheduling);
      return counts ? [{ trial, scheduling, live: false }] : [];
    });
    this.count(members);
  }

  /**
   * Parts those who can survive the open rung, best first.
   * @param trials live ones, or ended ones that are further already; others without a result here are left out
   */
  private rank<T extends { readonly scheduling: Scheduling }>(
    trials: readonly T[],
  ): { survivors: T[]; others: T[] } {
    const ranked = trials
      .flatMap((trial) => {
        const result = resultAt(trial.scheduling, this.rung);
        return result === undefined || result.kind === RungResultKind.FAILED ? [] : [{ trial, result }];
      })
      .sort((a, b) => compareResults(a.result, b.result))
      .map(({ trial }) => trial);
    const top = topOf(this.admitted, this.eta);
    return { survivors: ranked.slice(0, top), others: ranked.slice(top) };
  }

  /** The member at the next rung; to be lent only where it has no result there. */
  private goOn({ trial, scheduling, live }: Member): Member {
    if (!live) return { trial, scheduling, live };
    const rung = scheduling.rung + 1;
    const promoted = nextRung(scheduling) <= rung;
    return { trial, scheduling: { ...scheduling, rung, target: this.plan.ladder[rung]!, promoted }, live };
  }

  /** Opens the next rung with these. */
  private enter(survivors: readonly Member[]): void {
    this.rung++;
    this.admitted = survivors.length;
    // Who has ended in between has its rank here only if it is further still.
    this.count(survivors.filter(({ live, scheduling }) => live || this.isFurther(scheduling)));
  }

  /** Takes out a live trial; who is further already keeps its rank. */
  private end(trial: number, scheduling: Scheduling): void {
    this.live--;
    if (this.isFurther(scheduling)) this.members.set(trial, { trial, scheduling, live: false });
    else this.members.delete(trial);
  }

  private count(members: readonly Member[]): void {
    this.members = new Map(members.map((member) => [member.trial, member]));
    const live = members.filter((member) => member.live);
    this.live = live.length;
    this.outstanding = live.filter(({ scheduling }) => nextRung(scheduling) <= this.rung).length;
  }

  private isFurther(scheduling: Scheduling): boolean {
    return nextRung(scheduling) > this.rung + 1;
  }
}
