/**
 * kill -9 of a loaded server: what it has acknowledged is there when it is opened
 * again, whole. It shows nothing about power cuts: what the process wrote outlives
 * it, synced or not.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Directive_Kind as Kind, type Directive } from '../../server/gen/wazir/v1/measurement.js';
import type { Trial } from '../../server/gen/wazir/v1/trial.js';
import { ReportStream } from '../rpc/report-stream.js';
import { owner, reportOf, specOf, studyRequest, synchronous } from '../rpc/study-requests.js';
import { TestClient } from '../test-client.js';
import { Ledger } from './ledger.js';
import { startServerProcess } from './server-process.js';
import { startTestServer, temporaryDirectory } from './test-server.js';

const seed = Number(process.env['WAZIR_TEST_SEED'] ?? 8);
const rounds = Number(process.env['WAZIR_TEST_KILL_ROUNDS'] ?? 5);
const workers = 6;
const resource = { min: 1, max: 27 };
const studies = [
  studyRequest('asha', { resource }),
  studyRequest('synchronous', { ...synchronous(27, 0), resource }),
];

/** The same draws for the same seed, worker and round. */
function dice(...key: number[]): () => number {
  let state = key.reduce((hash, part) => Math.imul(hash ^ part, 0x9e3779b1) >>> 0, seed);
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

/** One worker in one round; ends when its server does. */
class LoadedWorker {
  readonly #random: () => number;
  readonly #stream: ReportStream | undefined;
  #calls = 0;
  #messages = 0;

  constructor(
    private readonly client: TestClient,
    private readonly ledger: Ledger,
    private readonly round: number,
    private readonly index: number,
  ) {
    this.#random = dice(round, index);
    this.#stream = index % 2 === 0 ? new ReportStream(client) : undefined;
  }

  #requestId(): string {
    return `${this.round}-${this.index}-${this.#calls++}`;
  }

  async run(): Promise<void> {
    for (;;) {
      const request = studies[this.#calls % 2]!;
      const study = `${owner}/studies/${request.studyId}`;
      const requestId = this.#requestId();
      const ask = { parent: study, clientId: `worker-${this.index}`, count: 2, requestId };
      const answer = await this.client.suggestTrials(ask, { deadline: Date.now() + 1000 });
      // Nothing was handed out, and nothing is kept of it.
      if (answer.retryAfter) continue;
      const { trials } = answer;
      this.ledger.handOut(requestId, trials);
      this.ledger.enter('SuggestTrials', answer, (client) => client.suggestTrials(ask));
      for (const trial of trials) await this.#train(trial);
      if (this.#random() < 0.2) await this.#extras(study);
    }
  }

  async #train(trial: Trial): Promise<void> {
    const { fromResource, toResource, attempt } = trial.assignment!;
    const name = { name: trial.name, attempt };
    for (let step = fromResource + 1; step <= toResource; step++) {
      if (this.#random() < 0.03) {
        const outcome = { $case: 'infeasibleReason' as const, value: 'too big' };
        const requestId = this.#requestId();
        await this.ledger.call('CompleteTrial', this.client, (client) =>
          client.completeTrial({ ...name, outcome, requestId }),
        );
        return;
      }
      const loss = this.#random();
      const directive = await this.#report(trial, step, loss);
      this.ledger.report(trial, step, loss, directive);
      if (directive.kind === Kind.CONTINUE) continue;
      if (directive.kind !== Kind.PAUSE) return;
      const requestId = this.#requestId();
      await this.ledger.call('ReleaseTrial', this.client, (client) =>
        client.releaseTrial({ ...name, checkpoint: { step, uri: `/${trial.id}/${step}` }, requestId }),
      );
      return;
    }
  }

  async #report(trial: Trial, step: number, loss: number): Promise<Directive> {
    if (!this.#stream) return (await this.client.reportMeasurement(reportOf(trial, step, loss))).directive!;
    const messageId = ++this.#messages;
    this.#stream.report(messageId, trial, step, loss);
    const answer = await this.#stream.next();
    assert.deepEqual([answer.messageId, answer.error], [messageId, undefined]);
    return answer.directive!;
  }

  async #extras(study: string): Promise<void> {
    const id = this.#requestId();
    await this.ledger.call('CreateStudy', this.client, (client) =>
      client.createStudy({ parent: owner, studyId: `extra-${id}`, study: { spec: specOf() }, requestId: id }),
    );
    const value = { kind: { $case: 'doubleValue' as const, value: this.#random() } };
    await this.ledger.call('CreateTrial', this.client, (client) =>
      client.createTrial({
        parent: study,
        trial: { parameters: [{ name: 'x', value }] },
        requestId: `${id}-trial`,
      }),
    );
    await this.ledger.call('UpdateMetadata', this.client, (client) =>
      client.updateMetadata({
        name: study,
        updates: [{ metadata: { key: id, value: { $case: 'text', value: id } } }],
        requestId: `${id}-metadata`,
      }),
    );
    this.ledger.metadata(study, id);
  }
}

test('every acknowledged call outlives kill -9, retries get the first answers, and nothing is given twice', async (t) => {
  const dataDir = await temporaryDirectory(t);
  const ledger = new Ledger();
  const more = fc.sample(fc.integer({ min: 1, max: 400 }), { seed, numRuns: rounds });
  for (const [round, count] of more.entries()) {
    const server = await startServerProcess(dataDir);
    t.after(() => server.kill());
    const client = new TestClient(server.address);
    if (round === 0) for (const request of studies) await client.createStudy(request);
    const killAt = ledger.acknowledged + count;
    let killed: Promise<void> | undefined;
    ledger.onAcknowledged = (acknowledged) => {
      if (acknowledged >= killAt) killed ??= server.kill();
    };
    const ends = await Promise.allSettled(
      Array.from({ length: workers }, (_, index) => new LoadedWorker(client, ledger, round, index).run()),
    );
    client.close();
    assert.ok(killed, `killed, and not ended by ${JSON.stringify(ends)}`);
    await killed;
    // A failed comparison in a worker is a failure of the test; the end of its server is not.
    for (const end of ends)
      if (end.status === 'rejected' && end.reason instanceof assert.AssertionError) throw end.reason;

    const reopened = await startTestServer(t, { dataDir });
    await ledger.check(reopened.client);
    for (const { studyId } of studies) {
      const { trials } = await reopened.client.listTrials({
        parent: `${owner}/studies/${studyId}`,
        pageSize: 1000,
      });
      assert.deepEqual(
        trials.map(({ id }) => id),
        trials.map((_, i) => i + 1),
        'numbers without a gap',
      );
    }
    t.diagnostic(
      `seed ${seed}, round ${round}: killed after ${count} more acknowledgements; ${ledger.acknowledged} in all, none lost`,
    );
    await reopened.stop();
  }
});
