/**
 * A worker of a load: asks, trains, reports, saves, gives back, and sometimes
 * forgets what it holds. Whatever it does is entered in the ledger.
 */
import { Directive_Kind as Kind, type Directive } from '../../server/gen/wazir/v1/measurement.js';
import { idOf } from './load-studies.js';
import type { Hands, Held } from './load-world.js';
import { ReportChannel } from './report-channel.js';

const mostHeld = 4;
const reportsAtOnce = 4;

export class LoadWorker {
  readonly #held = new Map<string, Held>();
  readonly #channel: ReportChannel | undefined;

  constructor(
    private readonly hands: Hands,
    private readonly clientId: string,
    streamTo: string | undefined,
  ) {
    this.#channel = streamTo === undefined ? undefined : new ReportChannel(streamTo, hands.world.ledger);
  }

  async run(): Promise<void> {
    const { world, random } = this.hands;
    while (!world.over) {
      const held = random.pick([...this.#held.values()]);
      const { ghosts } = world;
      if (ghosts.length > 0 && random.chance(0.05))
        await this.#haunt(ghosts.splice(random.between(0, ghosts.length - 1), 1)[0]!);
      else if (!held || (this.#held.size < mostHeld && random.chance(0.15))) await this.#ask();
      else await this.#workOn(held);
    }
    this.#channel?.close();
  }

  async #ask(): Promise<void> {
    const { world, connection, random } = this.hands;
    const study = random.pick(world.studies);
    if (study === undefined) {
      await new Promise((resolve) => setTimeout(resolve, 5));
      return;
    }
    const uid = world.uids.get(study);
    const ours = [...this.#held.values()].filter(({ trial }) => trial.studyUid === uid);
    const { ok } = await world.ledger.call(
      connection,
      'suggestTrials',
      {
        parent: study,
        clientId: this.clientId,
        count: random.between(1, 3),
        holding: ours.map(({ trial }) => ({ trial: trial.id, attempt: trial.assignment!.attempt })),
        requestId: world.requestId(),
      },
      { uid, deadlineMs: random.between(250, 400) },
    );
    for (const trial of ok?.trials ?? []) {
      world.learn(trial.studyUid, trial.id);
      this.#held.set(`${trial.studyUid}/${trial.id}`, { trial, step: trial.assignment!.fromResource });
    }
    // At its end: somebody will make it anew.
    if (ok && ok.trials.length === 0 && !ok.retryAfter) await new Promise((r) => setTimeout(r, 20));
  }

  #drop({ trial }: Held): void {
    this.#held.delete(`${trial.studyUid}/${trial.id}`);
  }

  #vanish(held: Held): void {
    this.#drop(held);
    this.hands.world.ghosts.push(held);
  }

  /** Speaks for a trial after a long silence. */
  async #haunt(held: Held): Promise<void> {
    const draw = this.hands.random.next();
    if (draw < 0.6) await this.#report(held, held.step + 1);
    else if (draw < 0.75) await this.#renew(held);
    else if (draw < 0.9) await this.#release(held);
    else await this.#complete(held);
  }

  async #workOn(held: Held): Promise<void> {
    const { random } = this.hands;
    const { toResource } = held.trial.assignment!;
    const draw = random.next();
    if (draw < 0.03) this.#vanish(held);
    else if (draw < 0.07) await this.#renew(held);
    else if (draw < 0.1) await this.#release(held);
    else if (draw < 0.16 || (toResource === 0 && held.step >= 3)) await this.#complete(held);
    else await this.#train(held);
  }

  async #train(held: Held): Promise<void> {
    const { random } = this.hands;
    const { toResource } = held.trial.assignment!;
    const most = this.#channel ? reportsAtOnce : 1;
    const last = toResource === 0 ? held.step + 1 : Math.min(toResource, held.step + random.between(1, most));
    // Past its target: the worker did not see what became of its last report.
    if (last <= held.step) return this.#drop(held);
    const sent: Promise<Directive | undefined>[] = [];
    for (let step = held.step + 1; step <= last; step++) sent.push(this.#report(held, step));
    for (const [i, directive] of (await Promise.all(sent)).entries()) {
      if (!directive) return this.#drop(held);
      held.step += 1;
      if (directive.kind === Kind.CONTINUE) {
        held.trial.assignment!.toResource = directive.until;
        continue;
      }
      this.#drop(held);
      if (directive.kind === Kind.PAUSE && i === sent.length - 1 && !random.chance(0.1))
        await this.#release(held);
      return;
    }
  }

  async #report({ trial }: Held, step: number): Promise<Directive | undefined> {
    const { world, connection, random } = this.hands;
    const value = random.chance(0.02) ? Number.NaN : random.next();
    const request = {
      trial: trial.name,
      attempt: trial.assignment!.attempt,
      studyUid: trial.studyUid,
      measurement: { step, metrics: [{ name: 'loss', value }] },
    };
    if (this.#channel) return this.#channel.report(request, trial.studyUid);
    const { ok } = await world.ledger.call(connection, 'reportMeasurement', request, { uid: trial.studyUid });
    return ok?.directive;
  }

  #attempt({ trial }: Held) {
    return { name: trial.name, attempt: trial.assignment!.attempt, studyUid: trial.studyUid };
  }

  /** What it says that it has saved; every checkpoint has a place of its own. */
  #saved(held: Held) {
    const resumes = held.trial.assignment!.toResource > 0 && held.step > held.trial.assignment!.fromResource;
    if (!resumes) return undefined;
    const uri = `/${held.trial.id}/${held.trial.assignment!.attempt}/${held.step}`;
    return { step: held.step, uri };
  }

  async #renew(held: Held): Promise<void> {
    const { world, connection } = this.hands;
    const request = { ...this.#attempt(held), checkpoint: this.#saved(held) };
    const { ok } = await world.ledger.call(connection, 'renewLease', request, { uid: held.trial.studyUid });
    if (ok?.directive?.kind !== Kind.CONTINUE) this.#drop(held);
  }

  async #release(held: Held): Promise<void> {
    const { world, connection } = this.hands;
    this.#drop(held);
    const request = {
      ...this.#attempt(held),
      checkpoint: this.#saved(held),
      requestId: world.requestId(),
    };
    await world.ledger.call(connection, 'releaseTrial', request, { uid: held.trial.studyUid });
  }

  async #complete(held: Held): Promise<void> {
    const { world, connection, random } = this.hands;
    this.#drop(held);
    // A trial that has a place in ASHA's ranks stays in them, so that they can be told afterwards.
    const mayBeInfeasible =
      !idOf(held.trial.name).startsWith('asha') || held.trial.scheduling!.results.length === 0;
    const draw = random.next();
    const outcome =
      draw < 0.3 && mayBeInfeasible && held.step === 0
        ? { $case: 'infeasibleReason' as const, value: 'does not fit' }
        : draw < 0.5
          ? { $case: 'failureReason' as const, value: 'out of memory' }
          : undefined;
    const measured = { step: held.step, metrics: [{ name: 'loss', value: random.next() }] };
    const request = {
      ...this.#attempt(held),
      outcome,
      finalMeasurement: outcome || held.step > 0 ? undefined : measured,
      requestId: world.requestId(),
    };
    await world.ledger.call(connection, 'completeTrial', request, { uid: held.trial.studyUid });
  }
}
