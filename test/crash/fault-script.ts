/** A fixed row of calls, one after the other, each made until it is answered: what a patient client does while a disk fails. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Trial } from '../../server/gen/wazir/v1/trial.js';
import { owner, reportOf, specOf } from '../rpc/study-requests.js';
import type { Partially } from '../test-client.js';
import type { Ledger } from './ledger.js';
import {
  decodeResponse,
  encodeRequest,
  type Connection,
  type MethodName,
  type RequestOf,
  type ResponseOf,
} from './methods.js';

const study = `${owner}/studies/script`;
const waitMs = 50;
const patienceMs = 30_000;

export class FaultScript {
  /** What it was told besides answers, in order: a reason, or the code of a call without one. */
  readonly refusals: string[] = [];
  #id = 0;

  constructor(
    private readonly ledger: Ledger,
    private readonly connection: Connection,
    /** Makes the ids of its requests others than those of an earlier run. */
    private readonly run: string,
  ) {}

  async play(): Promise<void> {
    const { uid } = await this.#call('createStudy', {
      parent: owner,
      studyId: `script-${this.run}`,
      study: { spec: specOf(), labels: { made: this.run } },
      requestId: this.#requestId(),
    });
    const parent = `${study}-${this.run}`;
    const ask = { parent, clientId: 'worker', count: 2, requestId: this.#requestId() };
    const { trials } = await this.#call('suggestTrials', ask, uid);
    const [first, second] = trials as [Trial, Trial];
    await this.#call('reportMeasurement', reportOf(first, 1, 0.5), uid);
    const attempt = { name: first.name, attempt: first.assignment!.attempt };
    const checkpoint = { step: 1, uri: `/1/1/1` };
    await this.#call('releaseTrial', { ...attempt, checkpoint, requestId: this.#requestId() }, uid);
    const made = this.#requestId();
    const x = { kind: { $case: 'doubleValue' as const, value: 0.25 } };
    await this.#call(
      'createTrial',
      { parent, trial: { parameters: [{ name: 'x', value: x }], labels: { made } }, requestId: made },
      uid,
    );
    const metadata = { key: 'note', value: { $case: 'text' as const, value: 'x' } };
    const updates = [0, 1, 2].map((trial) => ({ trial, metadata }));
    await this.#call('updateMetadata', { name: parent, updates, requestId: this.#requestId() }, uid);
    const outcome = { $case: 'failureReason' as const, value: 'broke' };
    const failed = { name: second.name, attempt: second.assignment!.attempt, outcome };
    await this.#call('completeTrial', { ...failed, requestId: this.#requestId() }, uid);
    await this.#call('deleteTrial', { name: second.name, requestId: this.#requestId() }, uid);
  }

  #requestId(): string {
    return `${this.run}-${this.#id++}`;
  }

  async #call<M extends MethodName>(
    method: M,
    request: Partially<RequestOf<M>>,
    uid = '',
  ): Promise<ResponseOf<M>> {
    const body = encodeRequest(method, request);
    const number = this.ledger.sent(method, body, uid);
    const giveUpAt = performance.now() + patienceMs;
    for (;;) {
      const outcome = await this.connection.call(method, body, 5000);
      this.ledger.ended(number, outcome);
      if (outcome.kind === 'ok') return decodeResponse(method, outcome.body);
      const told = outcome.kind === 'open' ? outcome.code : outcome.reason;
      this.refusals.push(told);
      const passes = outcome.kind === 'open' || /^(STORE_UNAVAILABLE|LIMIT_EXCEEDED)$/.test(told);
      if (!passes || performance.now() > giveUpAt) throw new Error(`${method} gets nowhere: ${told}`);
      await sleep(waitMs);
    }
  }
}
