/** A server that is closed and started again goes on as if nothing had been. */
import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import type { StudySpec } from '../../server/gen/wazir/v1/study.js';
import { type Trial, TrialState } from '../../server/gen/wazir/v1/trial.js';
import { FakeClock } from '../engine/fake-clock.js';
import { refusedWith } from '../rpc/refusal.js';
import { createStudy, oneTrial, owner, reportOf, synchronous } from '../rpc/study-requests.js';
import { jobName, Worker } from '../rpc/worker.js';
import type { Partially, TestClient } from '../test-client.js';
import { startTestServer, type TestServer } from './test-server.js';

const study = `${owner}/studies/s`;

/** All that clients can see, but for when leases end. */
async function look(client: TestClient) {
  const { trials } = await client.listTrials({ parent: study });
  const measurements = await Promise.all(
    trials.map(({ name }) => client.listMeasurements({ parent: name, showSuperseded: true })),
  );
  return {
    study: await client.getStudy({ name: study }),
    trials: trials.map((trial) => ({
      ...trial,
      assignment: trial.assignment && { ...trial.assignment, leaseExpireTime: undefined },
    })),
    measurements,
    optimal: (await client.listOptimalTrials({ parent: study })).trials.map(({ id }) => id),
  };
}

/** A study with a trial in every state. */
async function everyState({ client }: TestServer): Promise<Record<string, Trial>> {
  await createStudy(client, 's', { limits: { maxTrials: 30 } });
  const lend = (clientId: string) => oneTrial(client, study, clientId);
  const end = (trial: Trial, outcome: 'infeasibleReason' | 'failureReason') =>
    client.completeTrial({ name: trial.name, attempt: 1, outcome: { $case: outcome, value: 'why' } });
  const lent = await lend('lent');
  await client.renewLease({ name: lent.name, attempt: 1 });
  const saved = await lend('saved');
  await client.reportMeasurement(reportOf(saved, 1, 0.5));
  await client.releaseTrial({ name: saved.name, attempt: 1, checkpoint: { step: 1, uri: '/saved' } });
  const saving = await lend('saving');
  await client.reportMeasurement(reportOf(saving, 1, 0.6));
  await end(await lend('infeasible'), 'infeasibleReason');
  await end(await lend('failed'), 'failureReason');
  const succeeded = await lend('succeeded');
  await client.reportMeasurement(reportOf(succeeded, 9, 0.7));
  const stopped = await lend('stopped');
  await client.stopTrial({ name: stopped.name });
  await client.reportMeasurement(reportOf(stopped, 1, 0.8));
  const stopping = await lend('stopping');
  await client.stopTrial({ name: stopping.name });
  const deleted = await lend('deleted');
  await end(deleted, 'failureReason');
  await client.deleteTrial({ name: deleted.name });
  const released = await lend('released');
  await client.releaseTrial({ name: released.name, attempt: 1 });
  const value = { kind: { $case: 'doubleValue' as const, value: 0.5 } };
  const user = { parameters: [{ name: 'x', value }], labels: { of: 'user' } };
  await client.createTrial({ parent: study, trial: user });
  const queued = await client.createTrial({ parent: study, trial: user });
  await client.updateMetadata({
    name: study,
    updates: [0, 1].map((trial) => ({ trial, metadata: { key: 'k', value: { $case: 'text', value: 'v' } } })),
  });
  return { lent, saved, saving, succeeded, stopped, stopping, released, queued };
}

test('nothing is lost of a study in the middle of everything', async (t) => {
  const server = await startTestServer(t);
  const trials = await everyState(server);
  const suggestion = { parent: study, clientId: 'late', requestId: 'suggest' };
  const suggested = await server.client.suggestTrials(suggestion);
  const before = await look(server.client);
  const states = new Set(before.trials.map(({ state }) => TrialState[state]));
  assert.deepEqual([...states].sort(), [
    'ACTIVE',
    'FAILED',
    'INFEASIBLE',
    'PAUSED',
    'REQUESTED',
    'STOPPED',
    'STOPPING',
    'SUCCEEDED',
  ]);
  await server.stop();

  const { client } = await startTestServer(t, { dataDir: server.dataDir });
  assert.deepEqual(await look(client), before);
  assert.deepEqual(await client.suggestTrials(suggestion), suggested);
  await refusedWith(
    client.suggestTrials({ ...suggestion, count: 2 }),
    'INVALID_ARGUMENT',
    'REQUEST_ID_REUSED',
    'request_id',
  );
  assert.deepEqual((await look(client)).study, before.study, 'and no number was taken for it');
  // Each worker goes on where it was.
  await client.releaseTrial({
    name: trials['saving']!.name,
    attempt: 1,
    checkpoint: { step: 1, uri: '/late' },
  });
  await client.reportMeasurement(reportOf(trials['lent']!, 1, 0.1));
  await client.reportMeasurement(reportOf(trials['stopping']!, 1, 0.1));
  const after = await client.getStudy({ name: study });
  assert.ok(after.sequence > before.study.sequence);
  const { state } = await client.getTrial({ name: trials['stopping']!.name });
  assert.equal(state, TrialState.STOPPED);
  assert.equal((await oneTrial(client, study, 'next')).id, trials['queued']!.id);
  assert.equal((await oneTrial(client, study, 'last')).id, trials['released']!.id);
});

test('every lease runs its full duration anew', async (t) => {
  const server = await startTestServer(t, { clock: new FakeClock() });
  await createStudy(server.client, 's');
  const lent = await oneTrial(server.client, study, 'lent');
  const saving = await oneTrial(server.client, study, 'saving');
  await server.client.reportMeasurement(reportOf(saving, 1, 0.5));
  await server.stop();

  const first = new FakeClock();
  const second = await startTestServer(t, { dataDir: server.dataDir, clock: first });
  // Leases count from when the study is read.
  await second.client.getStudy({ name: study });
  await first.advance(59_999);
  const other = await oneTrial(second.client, study, 'other');
  assert.ok(![lent.id, saving.id].includes(other.id), 'both are still theirs');
  await first.advance(1);
  const again = await oneTrial(second.client, study, 'another');
  assert.deepEqual([again.id, again.assignment!.attempt, again.expiries], [lent.id, 2, 1]);
  await second.stop();

  const third = await startTestServer(t, { dataDir: server.dataDir, clock: new FakeClock() });
  const { expiries, attempts } = await third.client.getTrial({ name: lent.name });
  assert.deepEqual([attempts, expiries], [2, 1]);
  assert.equal((await third.client.getStudy({ name: study })).progress!.reassigned, 1);
});

/** What a worker is lent from here on, with the points. */
async function jobs(worker: Worker, count: number): Promise<string[]> {
  const seen: string[] = [];
  while (seen.length < count) {
    const [trial] = await worker.ask();
    if (!trial) break;
    worker.keep(trial);
    const point = trial.parameters.map(({ value }) => value!.kind!.value).join();
    seen.push(`${jobName(trial)} ${point}`);
    await worker.finish(trial.id, (trial.id * 7) % 11);
  }
  return seen;
}

async function twins(t: TestContext, spec: Partially<StudySpec>, cut: number): Promise<void> {
  const unbroken = await startTestServer(t);
  await createStudy(unbroken.client, 's', spec);
  const expected = await jobs(new Worker(unbroken.client, study), 40);
  assert.ok(expected.length > cut);

  const broken = await startTestServer(t);
  await createStudy(broken.client, 's', spec);
  const before = await jobs(new Worker(broken.client, study), cut);
  await broken.stop();
  const resumed = await startTestServer(t, { dataDir: broken.dataDir });
  const after = await jobs(new Worker(resumed.client, study, 'resumed'), 40 - cut);
  assert.deepEqual([...before, ...after], expected);
}

for (const [name, spec] of Object.entries({
  asha: {},
  'successive halving': synchronous(18, 2),
  hyperband: { scheduler: { kind: { $case: 'hyperband', value: { eta: 3 } } } },
  'async hyperband': { scheduler: { kind: { $case: 'asyncHyperband', value: { eta: 3 } } } },
  'a shuffled grid': {
    sampler: { kind: { $case: 'grid', value: { shuffle: true } } },
    parameters: [{ name: 'x', domain: { $case: 'integer', value: { min: 1, max: 40 } } }],
  },
  sobol: { sampler: { kind: { $case: 'sobol', value: {} } } },
} satisfies Record<string, Partially<StudySpec>>))
  test(`what is lent after a restart is what would have been lent without: ${name}`, async (t) => {
    for (const cut of [1, 13]) await twins(t, spec, cut);
  });
