/** Streams of measurements under load, with readers that do not read, and over the end of a server. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test, type TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  Directive_Kind as Kind,
  type Measurement,
  StreamMeasurementsResponse,
} from '../../server/gen/wazir/v1/measurement.js';
import type { Trial } from '../../server/gen/wazir/v1/trial.js';
import { startTestServer, type TestServer } from '../app/test-server.js';
import type { TestClient } from '../test-client.js';
import { frame, messagesOf, RawConnection } from './raw-call.js';
import type { Refusal } from './refusal.js';
import { encodeRequest, ReportStream, streamPath } from './report-stream.js';
import { createStudy, oneTrial, reportOf } from './study-requests.js';

async function trialOf(t: TestContext, max: number): Promise<{ server: TestServer; trial: Trial }> {
  const server = await startTestServer(t);
  const study = await createStudy(server.client, 's', {
    resource: { min: 1, max },
    scheduler: { kind: { $case: 'single', value: {} } },
  });
  return { server, trial: await oneTrial(server.client, study.name, 'worker') };
}

async function listed(client: TestClient, parent: string): Promise<Measurement[]> {
  const all: Measurement[] = [];
  let pageToken = '';
  do {
    const page = await client.listMeasurements({ parent, pageSize: 10_000, pageToken });
    all.push(...page.measurements);
    pageToken = page.nextPageToken;
  } while (pageToken !== '');
  return all;
}

test('ten thousand reports sent without waiting are answered in order, and all are there', async (t) => {
  const count = 10_000;
  const { server, trial } = await trialOf(t, count);
  const stream = new ReportStream(server.client);
  for (let step = 1; step <= count; step++) stream.report(step, trial, step, 1 / step);
  const answers = await stream.take(count);
  assert.deepEqual(
    answers.map(({ messageId }) => messageId),
    answers.map((_, i) => i + 1),
  );
  assert.equal(
    answers.find(({ error }) => error),
    undefined,
  );
  assert.equal(answers.at(-1)!.directive!.kind, Kind.COMPLETE);
  const measurements = await listed(server.client, trial.name);
  assert.deepEqual(
    measurements.map(({ step, metrics }) => [step, metrics[0]!.value]),
    measurements.map((_, i) => [i + 1, 1 / (i + 1)]),
  );
  assert.equal(measurements.length, count);
});

test('a client that does not read is not read from; once it reads it misses nothing', async (t) => {
  const count = 20_000;
  const { server, trial } = await trialOf(t, count + 1);
  const connection = new RawConnection(server.address);
  t.after(() => connection.close());
  const stream = connection.open(streamPath);
  for (let step = 1; step <= count; step++)
    stream.write(frame(encodeRequest({ messageId: step, ...reportOf(trial, step, 1 / step) })));
  // All buffers between here and there fill up, and then the server takes no more.
  let before = -1;
  let taken = 0;
  while (taken !== before || taken === 0) {
    before = taken;
    await sleep(500);
    taken = (await server.client.getTrial({ name: trial.name })).lastStep;
  }
  assert.ok(taken < count / 2, `the server took ${taken} of ${count} reports whose answers nobody read`);
  const chunks: Buffer[] = [];
  stream.on('data', (chunk: Buffer) => chunks.push(chunk));
  stream.end();
  await once(stream, 'end');
  const ids = messagesOf(Buffer.concat(chunks)).map(
    (bytes) => StreamMeasurementsResponse.decode(bytes).messageId,
  );
  assert.deepEqual(
    ids,
    Array.from({ length: count }, (_, i) => i + 1),
  );
  assert.equal((await listed(server.client, trial.name)).length, count);
});

test('a client that goes while its answers are under way leaves the server well', async (t) => {
  const { server, trial } = await trialOf(t, 5000);
  const stream = new ReportStream(server.connect());
  for (let step = 1; step <= 4000; step++) stream.report(step, trial, step, 1);
  const seen = await stream.take(1000);
  stream.call.cancel();
  assert.equal(((await stream.ended) as Refusal).code, 'CANCELLED');
  const known = new Set((await listed(server.client, trial.name)).map(({ step }) => step));
  for (const { messageId } of seen) assert.ok(known.has(messageId), `report ${messageId} was acknowledged`);
  // Another stream takes over where this one broke off.
  const again = new ReportStream(server.client);
  for (let step = 1; step <= 5000; step++) again.report(step, trial, step, 1);
  const answers = await again.take(5000);
  assert.equal(
    answers.find(({ error }) => error),
    undefined,
  );
  assert.equal(answers.at(-1)!.directive!.kind, Kind.COMPLETE);
});

test('a draining server answers what it has taken, then ends the stream; sent again to its successor it counts once', async (t) => {
  const { server, trial } = await trialOf(t, 1000);
  const stream = new ReportStream(server.client);
  for (let step = 1; step <= 100; step++) stream.report(step, trial, step, 1 / step);
  const answers = await stream.take(10);
  const closed = server.close();
  const ended = (await stream.ended) as Refusal;
  assert.deepEqual([ended.code, ended.reason], ['UNAVAILABLE', 'DRAINING']);
  await closed;
  for (
    let more = await stream.next().catch(() => undefined);
    more;
    more = await stream.next().catch(() => undefined)
  )
    answers.push(more);

  const successor = await startTestServer(t, { dataDir: server.dataDir });
  const { client } = successor;
  const known = new Set((await listed(client, trial.name)).map(({ step }) => step));
  for (const { messageId, error } of answers) {
    assert.equal(error, undefined);
    assert.ok(known.has(messageId), `report ${messageId} was acknowledged`);
  }
  const again = new ReportStream(client);
  for (let step = 1; step <= 100; step++) again.report(step, trial, step, 1 / step);
  for (const { messageId, directive } of await again.take(100))
    assert.deepEqual([messageId, directive], [messageId, { kind: Kind.CONTINUE, until: 1000 }]);
  assert.deepEqual(
    (await listed(client, trial.name)).map(({ step }) => step),
    Array.from({ length: 100 }, (_, i) => i + 1),
  );
  const { resourceSpent, attempts, bestMeasurement } = await client.getTrial({ name: trial.name });
  assert.deepEqual([resourceSpent, attempts, bestMeasurement!.step], [100, 1, 100]);
});

test('a client that reads nothing does not hold up the end of the server', async (t) => {
  const { server, trial } = await trialOf(t, 30_000);
  const connection = new RawConnection(server.address);
  t.after(() => connection.close());
  const stream = connection.open(streamPath);
  for (let step = 1; step <= 20_000; step++)
    stream.write(frame(encodeRequest({ messageId: step, ...reportOf(trial, step, 1 / step) })));
  while ((await server.client.getTrial({ name: trial.name })).lastStep === 0) await sleep(10);
  await server.close(100);
  const successor = await startTestServer(t, { dataDir: server.dataDir });
  const { lastStep } = await successor.client.getTrial({ name: trial.name });
  assert.equal((await listed(successor.client, trial.name)).length, lastStep);
});
