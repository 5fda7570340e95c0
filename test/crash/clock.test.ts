/** Time plays tricks on a whole server: its wall clock jumps, it is stopped, it is killed. Leases end when they should. */
import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Trial } from '../../server/gen/wazir/v1/trial.js';
import { temporaryDirectory } from '../app/test-server.js';
import { refused } from '../rpc/refusal.js';
import { createStudy, oneTrial, reportOf } from '../rpc/study-requests.js';
import { TestClient } from '../test-client.js';
import { MovedClock } from './moved-clock.js';
import { startServerProcess, type ServerProcess } from './server-process.js';
import { isThere } from './strace.js';

const leaseSeconds = 5;
const hour = 3600;

/** A study of a single trial, so that another asker gets that one or none. */
async function studyOfOne(client: TestClient): Promise<{ study: string; trial: Trial }> {
  const { name: study } = await createStudy(client, 'one', {
    resource: { min: 1, max: 100 },
    scheduler: { kind: { $case: 'single', value: {} } },
    leaseDuration: { seconds: leaseSeconds },
    limits: { maxTrials: 1 },
  });
  return { study, trial: await oneTrial(client, study, 'first') };
}

async function connect(t: TestContext, server: ServerProcess): Promise<TestClient> {
  t.after(() => server.kill());
  const client = new TestClient(server.address);
  t.after(() => client.close());
  return client;
}

/** Asks as another client; undefined where nothing is handed out shortly before the deadline. */
async function ask(client: TestClient, study: string, clientId = 'second'): Promise<Trial | undefined> {
  const { trials } = await client.suggestTrials({ parent: study, clientId }, { deadline: Date.now() + 2000 });
  return trials[0];
}

/** Asks until the trial is handed out. */
async function takeOver(client: TestClient, study: string, clientId = 'second'): Promise<Trial> {
  const giveUpAt = performance.now() + 60_000;
  for (;;) {
    const trial = await ask(client, study, clientId);
    if (trial) return trial;
    assert.ok(performance.now() < giveUpAt, 'the lease never ends');
  }
}

test('a wall clock that jumps neither ends a lease nor keeps one alive', async (t) => {
  if (!isThere(t, MovedClock.works, 'gcc')) return;
  const clock = new MovedClock(await temporaryDirectory(t));
  const server = await startServerProcess(await temporaryDirectory(t), { environment: clock.environment });
  const client = await connect(t, server);
  const { study, trial } = await studyOfOne(client);
  const started = Date.now() / 1000;
  let step = 0;
  for (const moved of [2 * hour, -2 * hour, 10 * 365 * 24 * hour, 0]) {
    clock.move(moved);
    const { directive } = await client.reportMeasurement(reportOf(trial, ++step, 0.5));
    assert.equal(directive?.until, 100);
    const { measurements } = await client.listMeasurements({ parent: trial.name });
    const at = measurements.at(-1)!.reportTime!.seconds;
    assert.ok(Math.abs(at - started - moved) < hour, `the server's clock moved by ${moved} s`);
    assert.equal(await ask(client, study), undefined, `moved by ${moved} s: the lease stands`);
  }
  let holder = trial;
  for (const moved of [-2 * hour, 10 * 365 * 24 * hour]) {
    const silentSince = performance.now();
    await client.reportMeasurement(reportOf(holder, ++step, 0.5));
    clock.move(moved);
    holder = await takeOver(client, study, `after ${moved}`);
    assert.ok(performance.now() - silentSince >= leaseSeconds * 1000, 'not before its time');
    assert.equal(holder.id, trial.id);
  }
});

test('a server that was stopped for longer than a lease loses nobody’s work', async (t) => {
  const server = await startServerProcess(await temporaryDirectory(t));
  const client = await connect(t, server);
  const { study, trial } = await studyOfOne(client);
  await client.reportMeasurement(reportOf(trial, 1, 0.5));
  process.kill(server.pid, 'SIGSTOP');
  // Both wait in the server's sockets: whoever is first, the other hears of it.
  const reporting = client.reportMeasurement(reportOf(trial, 2, 0.4)).then(
    () => undefined,
    (error: unknown) => refused(Promise.reject(error as Error)),
  );
  const asking = client.suggestTrials(
    { parent: study, clientId: 'second' },
    { deadline: Date.now() + 60_000 },
  );
  await sleep((leaseSeconds + 1) * 1000);
  process.kill(server.pid, 'SIGCONT');
  const refusal = await reporting;
  const { measurements } = await client.listMeasurements({ parent: trial.name, showSuperseded: true });
  if (refusal) {
    assert.equal(refusal.reason, 'STALE_ATTEMPT');
    assert.deepEqual(
      measurements.map((measurement) => measurement.step),
      [1],
    );
  } else
    assert.deepEqual(
      measurements.map((measurement) => measurement.step),
      [1, 2],
    );
  // Silent from now on: the lease is not immortal.
  const again = (await asking).trials[0] ?? (await takeOver(client, study));
  assert.deepEqual([again.id, again.assignment!.attempt, again.expiries], [trial.id, 2, 1]);
});

test('after a restart a lease runs its full duration anew', async (t) => {
  const dataDir = await temporaryDirectory(t);
  const first = await startServerProcess(dataDir);
  const client = await connect(t, first);
  const { study, trial } = await studyOfOne(client);
  await sleep((leaseSeconds - 1) * 1000);
  await first.kill();

  const second = await startServerProcess(dataDir);
  const again = await connect(t, second);
  // The study is loaded when it is first asked for.
  const asked = performance.now();
  const taken = await takeOver(again, study);
  const seconds = (performance.now() - asked) / 1000;
  assert.ok(seconds >= leaseSeconds, `taken after ${seconds} s`);
  assert.deepEqual([taken.id, taken.assignment!.attempt], [trial.id, 2]);
});
