/** The end of a server that is asked to end, with everything open at once and under load. */
import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import {
  credentials,
  makeGenericClientConstructor,
  type ClientReadableStream,
  type ServiceError,
} from '@grpc/grpc-js';
import { service } from 'grpc-health-check';
import type { StudySpec } from '../../server/gen/wazir/v1/study.js';
import type { Trial } from '../../server/gen/wazir/v1/trial.js';
import { startTestServer, temporaryDirectory } from '../app/test-server.js';
import { startServerProcess } from '../crash/server-process.js';
import { refusalOf } from '../rpc/refusal.js';
import { ReportStream } from '../rpc/report-stream.js';
import { createStudy, owner, reportOf } from '../rpc/study-requests.js';
import { TestClient, type Partially } from '../test-client.js';
import { RawPeer } from './raw-peer.js';

const study = `${owner}/studies/s`;
const workers = 24;

/** As many trials as workers, with the first rung beyond all steps: whoever else asks must wait. */
const spec: Partially<StudySpec> = {
  resource: { name: 'step', min: 1_000_000, max: 1_000_000 },
  limits: { maxTrials: workers },
};

interface HealthClient {
  watch(request: { service: string }): ClientReadableStream<{ status: string }>;
  close(): void;
}
const HealthClient = makeGenericClientConstructor(service, 'Health');

/** What a watch of health is told, and the code that it ends with. */
function health(
  t: TestContext,
  address: string,
): { first: Promise<unknown>; all: Promise<(string | number)[]> } {
  const options = { 'grpc.use_local_subchannel_pool': 1 };
  const client = new HealthClient(address, credentials.createInsecure(), options) as unknown as HealthClient;
  t.after(() => client.close());
  const seen: (string | number)[] = [];
  const stream = client.watch({ service: '' });
  const first = new Promise((resolve) => stream.once('data', resolve));
  stream.on('data', ({ status }: { status: string }) => seen.push(status));
  const all = new Promise<(string | number)[]>((resolve) => {
    stream.on('error', ({ code }: ServiceError) => resolve([...seen, code]));
  });
  return { first, all };
}

/** How a call ended: OK, or code, reason and whether it says when to come back. */
async function outcome(call: Promise<unknown>): Promise<string> {
  try {
    await call;
    return 'OK';
  } catch (error) {
    const { code, reason, retrySeconds } = refusalOf(error as ServiceError);
    return [code, reason ?? '', retrySeconds === undefined ? '' : 'retry'].join(' ');
  }
}

/** Reports step by step until the server is gone; gives the last step that was acknowledged, and how it ended. */
async function report(client: TestClient, trial: Trial, onStream: boolean): Promise<[number, string]> {
  const stream = onStream ? new ReportStream(client) : undefined;
  for (let step = 1; ; step++) {
    if (stream) {
      stream.report(step, trial, step, 1 / step);
      const answer = await stream.next().catch(() => undefined);
      if (!answer) {
        const ended = await stream.ended;
        return [step - 1, ended === 'OK' ? 'OK' : [ended.code, ended.reason].join(' ')];
      }
      assert.equal(answer.error, undefined);
    } else {
      const how = await outcome(client.reportMeasurement(reportOf(trial, step, 1 / step)));
      if (how !== 'OK') return [step - 1, how];
    }
  }
}

test('a loaded server ends in order: what it acknowledged is there, the rest is told to come back', async (t) => {
  const dataDir = await temporaryDirectory(t);
  const server = await startServerProcess(dataDir, {
    flags: ['--grace', '20s', '--health-listen', '127.0.0.1:0'],
  });
  t.after(() => server.kill());
  const client = new TestClient(server.address);
  t.after(() => client.close());
  await createStudy(client, 's', spec);
  const { trials } = await client.suggestTrials({ parent: study, clientId: 'all', count: workers });
  assert.equal(trials.length, workers);

  const asking = Array.from({ length: 20 }, (_, i) =>
    outcome(client.suggestTrials({ parent: study, clientId: `waiter-${i}` })),
  );
  const watched = client.studyStub.watchStudy({ name: study, afterSequence: 0, studyUid: '' });
  const watchEnded = new Promise<string>((resolve) => {
    watched.on('data', () => undefined);
    watched.on('error', (error: ServiceError) => resolve(refusalOf(error).reason ?? String(error.code)));
  });
  const healthAddress = server.log.find(({ msg }) => msg === 'health in plain text')?.address;
  const watches = [health(t, server.address), ...(healthAddress ? [health(t, healthAddress)] : [])];
  await Promise.all(watches.map(({ first }) => first));
  const silent = await RawPeer.connect(t, server.address);
  const idle = await RawPeer.greeted(t, server.address);
  const load = trials.map((trial, i) => report(client, trial, i % 2 === 0));
  while ((await client.getTrial({ name: trials.at(-1)!.name })).lastStep < 20);

  const start = performance.now();
  assert.equal(await server.stop(), 0);
  const ms = performance.now() - start;
  assert.ok(ms < 10_000, `within the grace period: ${ms.toFixed(0)} ms`);
  assert.deepEqual(new Set(await Promise.all(asking)), new Set(['UNAVAILABLE DRAINING retry']));
  assert.equal(await watchEnded, 'DRAINING');
  for (const { all } of watches) assert.deepEqual(await all, ['SERVING', 'NOT_SERVING', 14]);
  await Promise.all([silent.gone, idle.gone]);
  const ends = await Promise.all(load);
  for (const [i, [, how]] of ends.entries())
    assert.ok(how.startsWith(i % 2 === 0 ? 'UNAVAILABLE DRAINING' : 'UNAVAILABLE'), how);

  const next = await startTestServer(t, { dataDir });
  let acknowledged = 0;
  for (const [i, { name }] of trials.entries()) {
    const { lastStep } = await next.client.getTrial({ name });
    const { measurements } = await next.client.listMeasurements({ parent: name, pageSize: 10_000 });
    const [last] = ends[i]!;
    assert.ok(lastStep >= last, `${name}: step ${last} was acknowledged, ${lastStep} is there`);
    assert.deepEqual(
      measurements.slice(0, last).map(({ step }) => step),
      Array.from({ length: last }, (_, k) => k + 1),
    );
    acknowledged += last;
  }
  t.diagnostic(`${acknowledged} reports acknowledged, none lost; ended in ${ms.toFixed(0)} ms`);
});

test('a client that does not read is cut off when the grace period is over, and the end is an orderly one', async (t) => {
  const dataDir = await temporaryDirectory(t);
  const server = await startServerProcess(dataDir, { flags: ['--grace', '1s'] });
  t.after(() => server.kill());
  const client = new TestClient(server.address);
  await createStudy(client, 's', spec);
  const peer = await RawPeer.greeted(t, server.address);
  // A call whose request never comes.
  peer.open('/wazir.v1.StudyService/GetStudy');
  await peer.ping();
  client.close();
  assert.equal(await server.stop(), 0);
  await peer.gone;
  const cutOff = server.log.find(({ msg }) => msg.startsWith('connections cut off'));
  assert.equal(cutOff?.level, 'warn');
  const next = await startTestServer(t, { dataDir });
  assert.equal((await next.client.getStudy({ name: study })).name, study);
});

test('a server that has begun to end takes no new connections', async (t) => {
  const server = await startTestServer(t);
  const peer = await RawPeer.greeted(t, server.address);
  peer.open('/wazir.v1.StudyService/GetStudy');
  await peer.ping();
  const closed = server.close(1000);
  const late = await RawPeer.connect(t, server.address);
  await late.gone;
  await closed;
});
