/**
 * What the design says an engine does with a scheduler, read slowly: every look
 * goes through all trials. Time passes by `advance`; nothing is written down, and
 * a restart is a renewal of every lease.
 */
import { sorted, type Oracle, type Place, type Row } from '../policy/schedulers/oracles/oracle.js';
import { Directive_Kind as Kind } from '../../server/gen/wazir/v1/measurement.js';
import { TrialState as State } from '../../server/gen/wazir/v1/trial.js';
import type { Job } from './study-driver.js';

export interface ModelLimits {
  /** Steps of bracket 0. */
  readonly ladder: readonly number[];
  readonly leaseMs: number;
  readonly maxTrials: number;
  readonly maxParallel: number;
  readonly maxAttempts: number;
}

export interface ModelTrial {
  readonly id: number;
  state: State;
  attempt: number;
  client: string;
  /** What its newest attempt has: a lease, time for saving its checkpoint, or nothing any more. */
  hold: 'lease' | 'saving' | undefined;
  /** When the hold was last renewed, and which renewal of all that was. */
  activity: number;
  renewal: number;
  lapsed: boolean;
  /** Whether it was given back unfinished. */
  released: boolean;
  expiries: number;
  checkpoint: number;
  from: number;
  to: number;
  /** The highest step of the newest attempt. */
  last: number;
  promoted: boolean;
  /** The highest step that counted at rungs, and what it counted as. */
  scored: number;
  score: Row | undefined;
  /** Reports by attempt and step. */
  readonly known: Map<string, { readonly loss: number | undefined; readonly kind: Kind }>;
}

const ended = new Set([State.SUCCEEDED, State.STOPPED, State.INFEASIBLE, State.FAILED]);

export class EngineModel {
  readonly trials: ModelTrial[] = [];
  completed = false;
  #now = 0;
  #count = 0;

  constructor(
    private readonly oracle: Oracle,
    private readonly limits: ModelLimits,
  ) {}

  place(trial: number): Place {
    return this.oracle.place(trial);
  }

  get live(): ModelTrial[] {
    return this.trials.filter(({ state }) => !ended.has(state));
  }

  /** Trials whose newest attempt may still call. */
  get held(): ModelTrial[] {
    return this.live.filter(({ hold }) => hold !== undefined);
  }

  advance(ms: number): void {
    const end = this.#now + ms;
    for (;;) {
      const expiring = this.held.filter(({ lapsed }) => !lapsed);
      const next = Math.min(...expiring.map(({ activity }) => activity + this.limits.leaseMs));
      if (next > end) break;
      this.#now = Math.max(this.#now, next);
      for (const hold of ['lease', 'saving'] as const)
        for (const it of byRenewal(expiring))
          if (it.hold === hold && it.activity + this.limits.leaseMs <= this.#now) this.#lapse(it);
      this.#settle();
    }
    this.#now = end;
  }

  restart(): void {
    for (const it of this.held) this.#renew(it);
  }

  ask(client: string, recover: boolean): Job | undefined {
    if (this.completed) return undefined;
    if (recover) {
      const own = this.held.filter((it) => it.client === client && !it.lapsed);
      for (const it of own) if (it.hold === 'saving') it.hold = undefined;
      const lost = own.find(({ state }) => state === State.ACTIVE);
      if (lost) return this.#lend(lost, client);
    }
    const job = this.#next(client);
    this.#settle();
    return job;
  }

  /** What the report is answered; the trial is held by its newest attempt, the step is new to it. */
  report(it: ModelTrial, step: number, loss: number | undefined): Kind {
    it.last = Math.max(it.last, step);
    this.#renew(it);
    const kind = this.#react(it, step, loss);
    it.known.set(`${it.attempt}:${step}`, { loss, kind });
    return kind;
  }

  renew(it: ModelTrial, checkpoint: number | undefined): Kind {
    this.#renew(it);
    it.checkpoint = checkpoint ?? it.checkpoint;
    if (it.state === State.PAUSED) return Kind.PAUSE;
    if (it.state !== State.STOPPING) return Kind.CONTINUE;
    this.#end(it, State.STOPPED, 'ended');
    return Kind.STOP;
  }

  release(it: ModelTrial, checkpoint: number | undefined): void {
    if (it.state === State.STOPPING) return this.#end(it, State.STOPPED, 'ended');
    it.checkpoint = checkpoint ?? it.checkpoint;
    it.hold = undefined;
    it.released = it.state === State.ACTIVE;
    this.#settle();
  }

  complete(it: ModelTrial, how: 'ended' | 'failed' | 'infeasible'): void {
    this.#end(it, { ended: State.SUCCEEDED, failed: State.FAILED, infeasible: State.INFEASIBLE }[how], how);
  }

  stop(it: ModelTrial): void {
    if (it.hold === 'lease' && !it.lapsed) it.state = State.STOPPING;
    else this.#end(it, State.STOPPED, 'ended');
  }

  get #canEnter(): boolean {
    return (
      !this.completed &&
      this.trials.filter(({ state }) => state !== State.INFEASIBLE).length < this.limits.maxTrials
    );
  }

  get #hasPlace(): boolean {
    return this.live.filter(({ hold }) => hold === 'lease').length < this.limits.maxParallel;
  }

  /** Promoted trials that can be lent: the furthest first, then the better. */
  get #ready(): ModelTrial[] {
    const ready = this.live.filter((it) => it.promoted && (it.hold === undefined || it.lapsed));
    const targets = new Map(ready.map(({ id }) => [id, this.oracle.place(id).target]));
    return sorted(ready.map(({ score }) => score!))
      .map(({ trial }) => this.trials[trial - 1]!)
      .sort((a, b) => targets.get(b.id)! - targets.get(a.id)!);
  }

  #next(client: string): Job | undefined {
    const first = this.live.find(({ released }) => released);
    if (first && this.#hasPlace) return this.#lend(first, client);
    const [silent] = byRenewal(this.held.filter(({ hold, lapsed }) => hold === 'lease' && lapsed));
    if (silent) return this.#lend(silent, client);
    while (this.#hasPlace) {
      const [ready] = this.#ready;
      if (ready) return this.#lend(ready, client);
      const decision = this.oracle.next(this.#canEnter);
      if (decision?.kind === 'promote') {
        this.oracle.promote(decision.trial);
        this.trials[decision.trial - 1]!.promoted = true;
      } else return decision && this.#start(client);
    }
    return undefined;
  }

  #start(client: string): Job {
    const id = this.trials.length + 1;
    this.oracle.start(id);
    this.trials.push({
      ...{
        id,
        client,
        state: State.ACTIVE,
        attempt: 0,
        hold: undefined,
        activity: 0,
        renewal: 0,
        lapsed: false,
      },
      ...{ released: false, expiries: 0, checkpoint: 0, from: 0, to: 0, last: 0, promoted: false },
      ...{ scored: 0, score: undefined, known: new Map() },
    });
    return this.#lend(this.trials.at(-1)!, client);
  }

  #lend(it: ModelTrial, client: string): Job {
    if (it.hold === 'lease' && it.lapsed) it.expiries++;
    const to = this.oracle.place(it.id).target;
    // A checkpoint at or past the target leaves nothing to train for it.
    const from = it.checkpoint < to ? it.checkpoint : 0;
    Object.assign(it, { state: State.ACTIVE, client, hold: 'lease', released: false, promoted: false });
    Object.assign(it, { attempt: it.attempt + 1, from, to, last: from });
    this.#renew(it);
    this.oracle.lend(it.id);
    return { trial: it.id, attempt: it.attempt, from, to };
  }

  #renew(it: ModelTrial): void {
    Object.assign(it, { activity: this.#now, renewal: this.#count++, lapsed: false });
  }

  #react(it: ModelTrial, step: number, loss: number | undefined): Kind {
    if (it.state === State.STOPPING) {
      this.#end(it, State.STOPPED, 'ended');
      return Kind.STOP;
    }
    const asBefore = it.state === State.PAUSED ? Kind.PAUSE : Kind.CONTINUE;
    if (loss === undefined || step <= it.from) return asBefore;
    const verdict = this.oracle.report(it.id, step, loss);
    const { bracket, target } = this.oracle.place(it.id);
    if (this.limits.ladder.slice(bracket).some((rung) => it.scored < rung && rung <= step)) {
      it.scored = step;
      it.score = { trial: it.id, class: Number.isNaN(loss) ? 'nan' : 'number', loss, order: this.#count++ };
      it.promoted = false;
    }
    if (verdict === 'complete') this.#end(it, State.SUCCEEDED);
    else if (verdict === 'stop') this.#end(it, State.STOPPED);
    else if (verdict === 'pause' && it.state === State.ACTIVE) {
      it.state = State.PAUSED;
      it.hold = 'saving';
      this.#renew(it);
      this.#settle();
    } else this.#settle();
    if (verdict === 'continue' && it.state === State.ACTIVE) it.to = target;
    const now = it.state as State;
    if (now === State.SUCCEEDED) return Kind.COMPLETE;
    if (now === State.STOPPED) return Kind.STOP;
    return now === State.PAUSED ? Kind.PAUSE : Kind.CONTINUE;
  }

  #lapse(it: ModelTrial): void {
    it.lapsed = true;
    if (it.hold === 'saving') return;
    if (it.state === State.STOPPING) this.#end(it, State.STOPPED, 'ended', false);
    else if (it.expiries + 1 >= this.limits.maxAttempts) this.#end(it, State.FAILED, 'failed', false);
  }

  #end(it: ModelTrial, state: State, how?: 'ended' | 'failed' | 'infeasible', settles = true): void {
    if (how) this.oracle.retire(it.id, how);
    Object.assign(it, { state, hold: undefined, released: false, promoted: false });
    if (settles) this.#settle();
  }

  #settle(): void {
    for (;;) {
      const { promoted, stopped } = this.oracle.settle(this.#canEnter);
      for (const id of promoted) {
        const it = this.trials[id - 1]!;
        it.promoted = !ended.has(it.state) && it.scored < this.oracle.place(id).target;
      }
      for (const id of stopped) this.#end(this.trials[id - 1]!, State.STOPPED, undefined, false);
      if (promoted.length + stopped.length === 0) break;
    }
    if (this.completed) return;
    const goesOn = this.live.some((it) => it.hold === 'lease' || it.released || it.promoted);
    if (goesOn || this.oracle.next(this.#canEnter)) return;
    this.completed = true;
    for (const it of this.live) this.#end(it, State.STOPPED, 'ended', false);
  }
}

function byRenewal(trials: readonly ModelTrial[]): ModelTrial[] {
  return [...trials].sort((a, b) => a.renewal - b.renewal);
}
