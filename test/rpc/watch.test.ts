import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import type { ClientReadableStream, ServiceError } from '@grpc/grpc-js';
import { Engine } from '../../server/engine/engine.js';
import { WatchStudyRequest, type WatchStudyResponse } from '../../server/gen/wazir/v1/study.js';
import { TrialState } from '../../server/gen/wazir/v1/trial.js';
import { startTestServer } from '../app/test-server.js';
import type { Partially, TestClient } from '../test-client.js';
import { invalid, refuseAll } from './bad-input.js';
import { refusalOf, refused, refusedWith, type Refusal } from './refusal.js';
import { createStudy, oneTrial, owner, reportOf, studyRequest } from './study-requests.js';

const study = `${owner}/studies/s`;

/** A watch, read change by change. */
class Watch {
  readonly #stream: ClientReadableStream<WatchStudyResponse>;
  readonly #responses: AsyncIterator<WatchStudyResponse, undefined>;
  readonly seen: WatchStudyResponse[] = [];
  /** How the server ended it. */
  readonly ended: Promise<Refusal>;

  constructor(client: TestClient, given: Partially<WatchStudyRequest> = {}) {
    this.#stream = client.studyStub.watchStudy(
      WatchStudyRequest.fromPartial({ name: study, ...given } as object),
    );
    this.ended = new Promise((resolve) =>
      this.#stream.on('error', (e: ServiceError) => resolve(refusalOf(e))),
    );
    this.#responses = this.#stream[Symbol.asyncIterator]() as AsyncIterator<WatchStudyResponse, undefined>;
  }

  async next(): Promise<WatchStudyResponse> {
    const next = await this.#responses.next();
    if (next.done) throw new Error('the watch has ended without an error');
    this.seen.push(next.value);
    return next.value;
  }

  /** Reads up to a change that says so. */
  async until(enough: (change: WatchStudyResponse) => boolean): Promise<WatchStudyResponse> {
    for (;;) {
      const change = await this.next();
      if (enough(change)) return change;
    }
  }

  stop(): void {
    this.#stream.cancel();
  }
}

/** What a change is of: `study`, or a trial with its state and last step. */
function what({ record }: WatchStudyResponse): string {
  if (record?.$case !== 'trial') return 'study';
  const { id, state, lastStep, deleted } = record.value;
  return `${id} ${deleted ? 'deleted' : TrialState[state]} ${lastStep}`;
}

function rising(watch: Watch): void {
  const sequences = watch.seen.map(({ sequence }) => sequence);
  assert.deepEqual(
    sequences,
    [...new Set(sequences)].sort((a, b) => a - b),
  );
}

async function started(t: TestContext) {
  const server = await startTestServer(t);
  const { uid } = await createStudy(server.client, 's', {
    resource: { min: 1, max: 100 },
    scheduler: { kind: { $case: 'single', value: {} } },
  });
  return { server, client: server.client, uid };
}

test('from 0: every record as it is, once; then each change, when it is made', async (t) => {
  const { client } = await started(t);
  const first = await oneTrial(client, study, 'a');
  const second = await oneTrial(client, study, 'b');
  await client.reportMeasurement(reportOf(first, 7, 0.5));
  await client.completeTrial({
    name: second.name,
    attempt: 1,
    finalMeasurement: { metrics: [{ name: 'loss', value: 1 }] },
  });
  const watch = new Watch(client);
  await watch.until(({ caughtUp }) => caughtUp);
  assert.deepEqual(watch.seen.map(what).sort(), ['1 ACTIVE 7', '2 SUCCEEDED 0', 'study']);
  assert.deepEqual(
    watch.seen.map(({ caughtUp }) => caughtUp),
    [false, false, true],
  );

  const third = await oneTrial(client, study, 'c');
  assert.equal(what(await watch.next()), '3 ACTIVE 0');
  await client.reportMeasurement(reportOf(third, 1, 0.5));
  const reported = await watch.next();
  assert.equal(what(reported), '3 ACTIVE 1');
  assert.equal(reported.caughtUp, true);
  await client.updateStudy({ study: { name: study, displayName: 'seen' } });
  const { record } = await watch.next();
  assert.equal(record?.$case === 'study' && record.value.displayName, 'seen');
  await client.deleteTrial({ name: second.name });
  assert.equal(what(await watch.next()), '2 deleted 0');
  rising(watch);
  watch.stop();
});

test('from any number on: what has changed since, in order, the latest of each record', async (t) => {
  const { client, uid } = await started(t);
  const trials = [];
  for (let i = 0; i < 6; i++) trials.push(await oneTrial(client, study, `w${i}`));
  const states = new Map<number, string>();
  const all = new Watch(client);
  await all.until(({ caughtUp }) => caughtUp);
  for (const [i, trial] of trials.entries()) {
    for (let step = 1; step <= 3; step++) await client.reportMeasurement(reportOf(trial, step, i));
    if (i % 2 === 0) await client.stopTrial({ name: trial.name });
    if (i % 3 === 0) await client.reportMeasurement(reportOf(trial, 4, i));
  }
  await client.updateMetadata({ name: study, updates: [{ metadata: { key: 'end' } }] });
  await all.until(({ record }) => record?.$case === 'study');
  rising(all);
  for (const change of all.seen) {
    const key = change.record?.$case === 'trial' ? change.record.value.id : 0;
    states.set(key, what(change));
  }
  const last = all.seen.at(-1)!.sequence;
  assert.equal((await client.getStudy({ name: study })).sequence, last);
  for (let after = 0; after < last; after++) {
    const watch = new Watch(client, { afterSequence: after, studyUid: uid });
    await watch.until(({ caughtUp }) => caughtUp);
    rising(watch);
    assert.ok(watch.seen[0]!.sequence > after);
    assert.equal(watch.seen.at(-1)!.sequence, last);
    for (const change of watch.seen) {
      const key = change.record?.$case === 'trial' ? change.record.value.id : 0;
      assert.equal(what(change), states.get(key), `after ${after}`);
    }
    // Exactly the records whose last change came after the number.
    const expected = new Set(
      all.seen
        .filter(({ sequence }) => sequence > after)
        .map(({ record }) => (record?.$case === 'trial' ? record.value.id : 0)),
    );
    assert.equal(watch.seen.length, expected.size, `after ${after}`);
    watch.stop();
  }
  all.stop();
});

test('what is made while a watch catches up is neither missed nor seen twice', async (t) => {
  const { server, client } = await started(t);
  const trial = await oneTrial(client, study, 'w');
  const writer = server.connect();
  const writes = (async () => {
    for (let step = 1; step <= 100; step++) await writer.reportMeasurement(reportOf(trial, step, step));
  })();
  const watches: Watch[] = [];
  for (let i = 0; i < 20; i++) {
    const watch = new Watch(client);
    watches.push(watch);
    await watch.next();
  }
  await writes;
  for (const watch of watches) {
    await watch.until((change) => what(change) === '1 SUCCEEDED 100');
    rising(watch);
    const steps = watch.seen
      .map(({ record }) => (record?.$case === 'trial' ? record.value.lastStep : -1))
      .filter((step) => step >= 0);
    assert.deepEqual(
      steps,
      [...steps].sort((a, b) => a - b),
      'no older state after a newer one',
    );
    watch.stop();
  }
});

test('it ends when the study is deleted, and when the server drains; over a restart it goes on where it was', async (t) => {
  const { server, client, uid } = await started(t);
  await createStudy(client, 'other');
  const deleted = new Watch(client, { name: `${owner}/studies/other` });
  await deleted.next();
  await client.deleteStudy({ name: `${owner}/studies/other` });
  await refusedWith(deleted.next(), 'NOT_FOUND', 'STUDY_NOT_FOUND');

  const trial = await oneTrial(client, study, 'w');
  await client.reportMeasurement(reportOf(trial, 5, 1));
  const watch = new Watch(client);
  const { sequence } = await watch.until(({ caughtUp }) => caughtUp);
  const ended = refused(watch.next());
  await server.close();
  const { code, reason } = await ended;
  assert.deepEqual([code, reason], ['UNAVAILABLE', 'DRAINING']);

  const successor = await startTestServer(t, { dataDir: server.dataDir });
  await successor.client.reportMeasurement(reportOf(trial, 6, 1));
  const resumed = new Watch(successor.client, { afterSequence: sequence, studyUid: uid });
  const change = await resumed.next();
  assert.equal(what(change), '1 ACTIVE 6');
  assert.ok(change.sequence > sequence);
  resumed.stop();
});

test('a watch of a study that was created anew since is refused', async (t) => {
  const { client, uid } = await started(t);
  await client.deleteStudy({ name: study });
  await refusedWith(new Watch(client).next(), 'NOT_FOUND', 'STUDY_NOT_FOUND');
  const again = await client.createStudy(studyRequest('s'));
  assert.notEqual(again.uid, uid);
  const refusal = await refusedWith(
    new Watch(client, { afterSequence: 3, studyUid: uid }).next(),
    'NOT_FOUND',
    'STUDY_RECREATED',
  );
  assert.deepEqual(refusal.metadata, { study_uid: again.uid });
  const watch = new Watch(client, { studyUid: again.uid });
  assert.equal(what(await watch.next()), 'study');
  watch.stop();
});

test('a watcher that leaves leaves nothing behind', async (t) => {
  // The one look inside: from outside, watchers that stay behind can not be told from none.
  const engines: Engine[] = [];
  const open = t.mock.method(Engine.prototype, 'open');
  const { client } = await started(t);
  engines.push(open.mock.calls[0]!.this as Engine);
  const watches = Array.from({ length: 10 }, () => new Watch(client));
  for (const watch of watches) await watch.next();
  const { watchers } = await engines[0]!.study({ owner: 'default', study: 's' });
  assert.equal(watchers.any, true);
  for (const watch of watches) watch.stop();
  for (const watch of watches) assert.equal((await watch.ended).code, 'CANCELLED');
  // After a call on the same connection the server has heard of it.
  await client.getStudy({ name: study });
  await client.getStudy({ name: study });
  assert.equal(watchers.any, false);
});

test('bad requests', async (t) => {
  await refuseAll<TestClient>(
    t,
    async ({ client }) => {
      await createStudy(client, 's');
      return client;
    },
    ({ client }) => client.listStudies({ parent: owner }),
    [
      invalid('name', (client) => new Watch(client, { name: 'x' }).next(), 'name'),
      invalid(
        'negative number',
        (client) => new Watch(client, { afterSequence: -1 }).next(),
        'after_sequence',
      ),
    ],
  );
});
