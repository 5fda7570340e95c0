/** Which request was handed which attempt at which trial: each to one, and a target again only for a reason. */
import type { Trial } from '../../server/gen/wazir/v1/trial.js';
import type { Findings } from './findings.js';
import { numberOf } from './check-effects.js';
import { decodeRequest, decodeResponse } from './methods.js';
import type { Entry } from './ledger.js';
import type { StudyListing } from './listing.js';

interface HandOut {
  /** Number of the call in the ledger. */
  readonly call: number;
  readonly client: string;
  readonly target: number;
  readonly rung: number;
  readonly expiries: number;
  readonly sequence: number;
  /** The line of the ledger on which its answer stands. */
  readonly answeredAt: number;
}

/** A call that was accepted under an attempt. */
interface Accepted {
  readonly call: number;
  readonly trial: string;
  readonly attempt: number;
  readonly sentAt: number;
}

export class HandOuts {
  /** By `uid/trial`, then attempt. */
  readonly #byTrial = new Map<string, Map<number, HandOut>>();
  /** Attempts that some call has given back, whether it was answered or not. */
  readonly #released = new Set<string>();
  #accepted: Accepted[] = [];
  /** Attempts handed out. */
  count = 0;

  constructor(private readonly findings: Findings) {}

  /** Takes in a call of the ledger. */
  take(entry: Entry): void {
    const fenced = attemptOf(entry);
    if (fenced && entry.method === 'releaseTrial') this.#released.add(`${fenced.trial}/${fenced.attempt}`);
    if (fenced && entry.outcome.kind === 'ok')
      this.#accepted.push({ ...fenced, call: entry.number, sentAt: entry.sentAt });
    if (entry.method !== 'suggestTrials' || entry.outcome.kind !== 'ok') return;
    const { clientId } = decodeRequest('suggestTrials', entry.body);
    for (const trial of decodeResponse('suggestTrials', entry.outcome.body).trials)
      this.#add(entry, clientId, trial);
  }

  #add({ number: call, answeredAt }: Entry, client: string, trial: Trial): void {
    const key = `${trial.studyUid}/${trial.id}`;
    const attempts = this.#byTrial.get(key) ?? new Map<number, HandOut>();
    this.#byTrial.set(key, attempts);
    const { attempt, toResource } = trial.assignment!;
    const known = attempts.get(attempt);
    const isOnly = this.findings.expect(
      known === undefined || known.call === call,
      'duplicated',
      () => `attempt ${attempt} at ${key} was handed to calls ${known!.call} and ${call}`,
    );
    if (!isOnly || known) return;
    this.count++;
    attempts.set(attempt, {
      call,
      client,
      target: toResource,
      rung: trial.scheduling!.rung,
      expiries: trial.expiries,
      sequence: trial.sequence,
      answeredAt,
    });
  }

  /** Hand-outs after an expiry. */
  get expiries(): number {
    let expiries = 0;
    for (const attempts of this.#byTrial.values())
      expiries += Math.max(...[...attempts.values()].map((handOut) => handOut.expiries));
    return expiries;
  }

  /** Nothing was accepted under an attempt after a newer one had been handed out. */
  checkFences(): void {
    for (const { call, trial, attempt, sentAt } of this.#accepted)
      for (const [newer, handOut] of this.#byTrial.get(trial) ?? [])
        this.findings.expect(
          newer <= attempt || handOut.answeredAt > sentAt,
          'broken',
          () =>
            `call ${call} was accepted under attempt ${attempt} at ${trial} after ${newer} was handed out`,
        );
    this.#accepted = [];
  }

  /** Sequence number of the first hand-out of a trial towards a rung. */
  firstLent(uid: string, trial: number, rung: number): number | undefined {
    const attempts = [...(this.#byTrial.get(`${uid}/${trial}`)?.values() ?? [])];
    const sequences = attempts.filter((attempt) => attempt.rung === rung).map(({ sequence }) => sequence);
    return sequences.length > 0 ? Math.min(...sequences) : undefined;
  }

  /** Whether some call of the ledger was handed an attempt. */
  isKnown(uid: string, trial: number, attempt: number): boolean {
    return this.#byTrial.get(`${uid}/${trial}`)?.has(attempt) ?? false;
  }

  /** Every attempt was handed to somebody, and none to the same target again but for a reason. */
  check({ study, watched }: StudyListing): void {
    for (const [id, { attempts }] of watched) {
      const known = this.#byTrial.get(`${study.uid}/${id}`);
      for (let attempt = 1; attempt <= attempts; attempt++)
        this.findings.expect(
          known?.has(attempt) ?? false,
          'lost',
          () => `attempt ${attempt} at ${study.name}/trials/${id} was handed to nobody`,
        );
      for (const [attempt, later] of known ?? []) this.#checkReason(study.uid, id, attempt, later);
    }
  }

  /** A promotion is given once: the next attempt has a further target, or a reason to repeat this one. */
  #checkReason(uid: string, id: number, attempt: number, later: HandOut): void {
    const before = this.#byTrial.get(`${uid}/${id}`)!.get(attempt - 1);
    if (!before) return;
    const hasReason =
      later.rung > before.rung ||
      later.client === before.client ||
      later.expiries > before.expiries ||
      this.#released.has(`${uid}/${id}/${attempt - 1}`);
    this.findings.expect(
      hasReason,
      'duplicated',
      () =>
        `trial ${id} of ${uid}: target ${later.target} was given under attempts ${attempt - 1} and ${attempt}`,
    );
  }
}

/** The trial, as `uid/number`, and the attempt for which a call speaks. */
function attemptOf({ method, body, uid }: Entry): { trial: string; attempt: number } | undefined {
  switch (method) {
    case 'reportMeasurement': {
      const { trial, attempt } = decodeRequest(method, body);
      return { trial: `${uid}/${numberOf(trial)}`, attempt };
    }
    case 'completeTrial':
    case 'releaseTrial':
    case 'renewLease': {
      const { name, attempt } = decodeRequest(method, body);
      return { trial: `${uid}/${numberOf(name)}`, attempt };
    }
    default:
      return undefined;
  }
}
