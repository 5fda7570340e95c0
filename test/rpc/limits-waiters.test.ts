/** Ten thousand calls that wait for a trial, over a socket: what they cost, and that they all end. */
import assert from 'node:assert/strict';
import { setMaxListeners } from 'node:events';
import { readFileSync } from 'node:fs';
import { test, type TestContext } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import type { ServiceError } from '@grpc/grpc-js';
import { StudyState } from '../../server/gen/wazir/v1/trial.js';
import { temporaryDirectory } from '../app/test-server.js';
import { startServerProcess } from '../crash/server-process.js';
import { TestClient } from '../test-client.js';
import { refusalOf } from './refusal.js';
import { createStudy, oneTrial, withoutResource } from './study-requests.js';

const waiters = 10_000;
// Each with fewer calls than one connection can have open.
const connections = 20;
// What was measured is 13 KiB, most of it grpc-js's and HTTP/2's for an open call.
const mostKiBEach = 32;

/** Memory of a process that is in RAM, in KiB. */
function residentKiB(pid: number): number {
  return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))![1]);
}

async function start(t: TestContext) {
  // Just as many: a place that is not given back would show in the next round.
  const flags = ['--max-waiters', `${waiters}`, '--max-waiters-per-owner', `${waiters}`];
  const server = await startServerProcess(await temporaryDirectory(t), { flags });
  t.after(() => server.kill());
  const clients = Array.from({ length: connections }, () => new TestClient(server.address));
  const other = new TestClient(server.address);
  t.after(() => [...clients, other].forEach((client) => client.close()));
  return { server, clients, other };
}

type Started = Awaited<ReturnType<typeof start>>;

/** Parks ten thousand on so many studies whose only place is taken; resolves once all are. */
async function park({ clients, other }: Started, studies: number, prefix: string) {
  const names: string[] = [];
  for (let i = 0; i < studies; i++) {
    const spec = { ...withoutResource, limits: { maxParallelTrials: 1 }, leaseDuration: { seconds: 3600 } };
    const { name } = await createStudy(other, `${prefix}${i}`, spec);
    await oneTrial(other, name, 'holder');
    names.push(name);
  }
  const leaving = new AbortController();
  setMaxListeners(0, leaving.signal);
  const calls = Array.from({ length: waiters }, (_, i) =>
    askUntilAnswered(clients[i % connections]!, names[i % studies]!, `w${i}`, leaving.signal),
  );
  await atLimit(other, names[0]!);
  return { names, calls, leaving };
}

/** Asks again whenever a minute has brought nothing, as workers do; how it ended. */
async function askUntilAnswered(
  client: TestClient,
  parent: string,
  clientId: string,
  signal: AbortSignal,
): Promise<string> {
  for (;;)
    try {
      const options = { deadline: Date.now() + 600_000, signal };
      const { trials, studyState } = await client.suggestTrials({ parent, clientId }, options);
      if (trials.length > 0) return 'trial';
      if (studyState !== StudyState.ACTIVE) return StudyState[studyState];
    } catch (error) {
      const { reason, code } = refusalOf(error as ServiceError);
      // The probe of `atLimit` was in the last place.
      if (reason !== 'LIMIT_EXCEEDED') return reason ?? code;
      await delay(100);
    }
}

/** Waits until there is no place left: whoever asks now is refused at once. */
async function atLimit(client: TestClient, parent: string): Promise<void> {
  for (;;) {
    const asked = client.suggestTrials({ parent, clientId: 'probe' }, { deadline: Date.now() + 1000 });
    const reason = await asked.then(
      () => 'waited',
      (error: unknown) => refusalOf(error as ServiceError).reason,
    );
    if (reason === 'LIMIT_EXCEEDED') return;
  }
}

/** How all of them ended, counted. */
async function ends(calls: readonly Promise<string>[]): Promise<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (const how of await Promise.all(calls)) counts[how] = (counts[how] ?? 0) + 1;
  return counts;
}

/** What another client does meanwhile, each call with a deadline of its own. */
async function serveOther({ other }: Started, name: string): Promise<void> {
  const soon = () => ({ deadline: Date.now() + 10_000 });
  for (let i = 0; i < 10; i++) {
    await other.getStudy({ name }, soon());
    const metadata = { key: 'k', value: { $case: 'text' as const, value: `${i}` } };
    await other.updateMetadata({ name, updates: [{ metadata }] }, soon());
  }
}

test('on one study: cancelled, then served by a raised limit; others are served all along', async (t) => {
  const started = await start(t);
  const { server, other } = started;
  const warm = await park(started, 1, 'warm');
  warm.leaving.abort();
  assert.deepEqual(await ends(warm.calls), { CANCELLED: waiters });
  const before = residentKiB(server.pid);
  const { names, calls } = await park(started, 1, 's');
  const each = (residentKiB(server.pid) - before) / waiters;
  t.diagnostic(`${each.toFixed(1)} KiB resident for each waiting call, after a first round`);
  assert.ok(each < mostKiBEach, `${each} KiB each`);
  await serveOther(started, names[0]!);
  const release = other.updateStudy({
    study: { name: names[0]!, spec: { limits: { maxParallelTrials: 2 * waiters } } },
    updateMask: ['spec.limits.max_parallel_trials'],
  });
  await Promise.all([release, serveOther(started, names[0]!)]);
  assert.deepEqual(await ends(calls), { trial: waiters });
  assert.equal((await other.getStudy({ name: names[0]! })).progress!.active, waiters + 1);
});

test('on a hundred studies: told of the end, then of the shutdown, which exits in time', async (t) => {
  const started = await start(t);
  const { server, other } = started;
  const before = residentKiB(server.pid);
  const { names, calls } = await park(started, 100, 's');
  const each = (residentKiB(server.pid) - before) / waiters;
  t.diagnostic(`${each.toFixed(1)} KiB resident for each waiting call, from a fresh start`);
  await serveOther(started, names[0]!);
  await Promise.all(names.map((name) => other.updateStudy({ study: { name, state: StudyState.COMPLETED } })));
  assert.deepEqual(await ends(calls), { COMPLETED: waiters });
  const again = await park(started, 100, 'again');
  const stopped = server.stop();
  assert.deepEqual(await ends(again.calls), { DRAINING: waiters });
  assert.equal(await stopped, 0);
});
