/** Traces worked out by hand from the papers, played through gRPC. */
import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { Directive_Kind as Kind } from '../../server/gen/wazir/v1/measurement.js';
import type { StudySpec } from '../../server/gen/wazir/v1/study.js';
import { StudyEndReason, StudyState, TrialState } from '../../server/gen/wazir/v1/trial.js';
import { FakeClock } from '../engine/fake-clock.js';
import { startTestServer } from '../app/test-server.js';
import type { Partially } from '../test-client.js';
import { refusedWith } from './refusal.js';
import { createStudy, reportOf, scheduler, synchronous } from './study-requests.js';
import { jobName, Worker } from './worker.js';

async function workerOn(t: TestContext, spec: Partially<StudySpec> = {}, clock?: FakeClock): Promise<Worker> {
  const { client } = await startTestServer(t, clock ? { clock } : {});
  const { name } = await createStudy(client, 'golden', spec);
  return new Worker(client, name);
}

/** After each report one job: what it is. */
async function afterEach(worker: Worker, reports: readonly [id: number, loss: number][]): Promise<string[]> {
  const jobs: string[] = [];
  for (const [id, loss] of reports) {
    await worker.finish(id, loss);
    jobs.push(await worker.job());
  }
  return jobs;
}

test('ASHA by promotion: two workers, one question after each report', async (t) => {
  const worker = await workerOn(t);
  assert.deepEqual([await worker.job(), await worker.job()], ['1@1', '2@1']);
  const jobs = await afterEach(worker, [
    [1, 0.9],
    [2, 0.5],
    [3, 0.7],
    [2, 0.45],
    [4, 0.3],
    [5, 0.8],
    [6, 0.6],
    [4, 0.4],
    [7, 0.2],
    [8, 0.95],
    [9, 0.1],
    // The top rung goes first; trial 7 is promoted before 9 turns out to be better.
    [7, 0.35],
    [9, 0.05],
  ]);
  assert.deepEqual(jobs, [
    '3@1',
    '4@1',
    '2@3',
    '5@1',
    '4@3',
    '6@1',
    '7@1',
    '8@1',
    '7@3',
    '9@1',
    '9@3',
    '7@9',
    '9@9',
  ]);
  assert.equal(worker.trial(7).assignment?.fromResource, 3);
  assert.deepEqual(worker.trial(7).assignment?.checkpoint, { step: 3, uri: '/checkpoints/7/3', trial: 7 });
  assert.equal(await worker.finish(7, 0.3), Kind.COMPLETE);
});

test('ASHA by promotion: the 39 jobs of a single worker', async (t) => {
  const losses = [
    0.52, 0.11, 0.87, 0.34, 0.63, 0.29, 0.95, 0.08, 0.71, 0.46, 0.15, 0.58, 0.8, 0.22, 0.39, 0.67, 0.04, 0.91,
    0.27, 0.49, 0.73, 0.18, 0.61, 0.85, 0.33, 0.07, 0.55,
  ];
  const worker = await workerOn(t);
  const jobs: string[] = [];
  while (jobs.length < 39) {
    const job = await worker.job();
    jobs.push(job);
    const id = Number.parseInt(job);
    await worker.finish(id, losses[id - 1]!);
  }
  assert.equal(
    jobs.join(' '),
    '1@1 2@1 3@1 2@3 4@1 5@1 6@1 6@3 7@1 8@1 8@3 8@9 9@1 10@1 11@1 11@3 12@1 13@1 14@1 14@3 15@1 16@1 17@1 17@3 ' +
      '17@9 18@1 19@1 19@3 20@1 21@1 22@1 22@3 23@1 24@1 25@1 26@1 26@3 26@9 27@1',
  );
});

test('ASHA by promotion: after a burst the highest rung is promoted from first', async (t) => {
  const worker = await workerOn(t);
  for (const trial of await worker.ask(12)) worker.keep(trial);
  for (let id = 1; id <= 9; id++) await worker.finish(id, id);
  assert.deepEqual([await worker.job(), await worker.job(), await worker.job()], ['1@3', '2@3', '3@3']);
  for (const id of [1, 2, 3]) await worker.finish(id, id);
  for (const id of [10, 11, 12]) await worker.finish(id, -id);
  assert.equal(await worker.job(), '1@9');
  assert.deepEqual([await worker.job(), await worker.job(), await worker.job()], ['12@3', '11@3', '10@3']);
  assert.equal(await worker.job(), '13@1');
});

test('ASHA by promotion: what a dead worker held comes first, to the same target, under a new attempt', async (t) => {
  const clock = new FakeClock();
  const worker = await workerOn(t, {}, clock);
  for (const trial of await worker.ask(6)) worker.keep(trial);
  for (const [id, loss] of [0.9, 0.5, 0.7].entries()) await worker.finish(id + 1, loss);
  assert.equal(await worker.job(), '2@3');
  const lost = worker.trial(2);
  const { scheduling } = lost;

  await clock.advance(59_000);
  // The other three live, and trial 4 is now to be promoted too.
  for (const [id, loss] of [0.1, 0.6, 0.8].entries()) await worker.finish(id + 4, loss);
  await clock.advance(1_000);

  assert.equal(await worker.job(), '2@3');
  const again = worker.trial(2);
  assert.equal(again.assignment!.attempt, lost.assignment!.attempt + 1);
  assert.equal(again.assignment!.fromResource, 1);
  assert.equal(again.expiries, 1);
  assert.deepEqual(again.scheduling, scheduling, 'its place in the scheduler is as it was');
  assert.equal(await worker.job(), '4@3');

  const late = await refusedWith(
    worker.client.reportMeasurement(reportOf(lost, 3, 0.01)),
    'ABORTED',
    'STALE_ATTEMPT',
  );
  assert.deepEqual(late.metadata, { newest_attempt: String(again.assignment!.attempt) });
  const { measurements } = await worker.client.listMeasurements({ parent: lost.name, showSuperseded: true });
  assert.deepEqual(
    measurements.map(({ step }) => step),
    [1],
    'the late report left nothing',
  );
  assert.equal(await worker.finish(2, 0.45), Kind.PAUSE);
});

test('ASHA by stopping: who goes on at one rung', async (t) => {
  const worker = await workerOn(t, {
    resource: { min: 1, max: 3 },
    scheduler: scheduler({ $case: 'ashaStopping', value: { eta: 3 } }),
  });
  for (const trial of await worker.ask(10)) worker.keep(trial);
  const told: string[] = [];
  for (const [i, loss] of [0.5, 0.6, 0.4, 0.45, 0.3, 0.35, 0.35, 0.9, 0.32, 0.3].entries())
    told.push((await worker.report(i + 1, 1, loss)) === Kind.CONTINUE ? 'C' : 'S');
  assert.equal(told.join(' '), 'C S C S C C S S C C');
  const trials = await worker.client.listTrials({ parent: worker.study });
  assert.equal(
    trials.trials.map(({ state }) => (state === TrialState.ACTIVE ? 'C' : 'S')).join(' '),
    'C S C S C C S S C C',
  );
});

test('ASHA by stopping: a report over several rungs counts in each, and the first that fails decides', async (t) => {
  const worker = await workerOn(t, { scheduler: scheduler({ $case: 'ashaStopping', value: { eta: 3 } }) });
  for (const trial of await worker.ask(3)) worker.keep(trial);
  assert.equal(await worker.report(1, 1, 0.1), Kind.CONTINUE);
  // Second of two at the first rung, first at the second.
  assert.equal(await worker.report(2, 3, 0.5), Kind.STOP);
  assert.equal(await worker.report(3, 9, 0.05), Kind.COMPLETE);
  const results = async (id: number) => {
    const { scheduling } = await worker.client.getTrial({ name: worker.trial(id).name });
    return scheduling!.results.map(({ rung, loss }) => `${rung}:${loss}`);
  };
  assert.deepEqual(await results(2), ['0:0.5', '1:0.5']);
  assert.deepEqual(await results(3), ['0:0.05', '1:0.05', '2:0.05']);
});

test('successive halving: nine trials over 1, 3 and 9', async (t) => {
  const a = [0.3, 0.1, 0.25, 0.4, 0.05, 0.35, 0.2, 0.15, 0.45];
  const b = [0.1, 0.6, 0.05, 0.02, 0.9, 0.01, 0.3, 0.02, 0.03];
  const loss = (id: number, step: number) => a[id - 1]! + b[id - 1]! / step;
  const worker = await workerOn(t, synchronous(9));
  for (const trial of await worker.ask(9)) worker.keep(trial);
  for (let id = 1; id <= 8; id++) assert.equal(await worker.finish(id, loss(id, 1)), Kind.PAUSE);
  // The last result closes the rung, and ranks sixth.
  assert.equal(await worker.finish(9, loss(9, 1)), Kind.STOP);
  assert.deepEqual([await worker.job(), await worker.job(), await worker.job()], ['8@3', '3@3', '6@3']);
  // In another order than their rank's.
  for (const id of [6, 3, 8]) assert.equal(await worker.finish(id, loss(id, 3)), Kind.PAUSE);
  assert.equal(await worker.job(), '8@9');
  assert.equal(await worker.finish(8, loss(8, 9)), Kind.COMPLETE);
  const study = await worker.client.getStudy({ name: worker.study });
  assert.equal(study.state, StudyState.COMPLETED);
  assert.equal(study.endReason, StudyEndReason.SCHEDULER_FINISHED);
  assert.equal(study.progress!.succeeded, 1);
  assert.equal(study.progress!.stopped, 8);
  // 9 to the first rung, 3 on by 2, 1 on by 6.
  assert.equal(study.progress!.resourceSpent, 9 + 3 * 2 + 6);
  const { trials } = await worker.client.listOptimalTrials({ parent: worker.study });
  assert.deepEqual(
    trials.map(({ id }) => id),
    [8],
  );
});

test('Hyperband over 9: 17 trials, 22 jobs, 69 steps with resumed training', async (t) => {
  const worker = await workerOn(t, { scheduler: scheduler({ $case: 'hyperband', value: { eta: 3 } }) });
  const targets: Record<string, number> = {};
  let jobs = 0;
  for (;;) {
    const [trial] = await worker.ask();
    if (!trial) break;
    jobs++;
    worker.keep(trial);
    const key = `${trial.scheduling!.bracket}@${trial.assignment!.toResource}`;
    targets[key] = (targets[key] ?? 0) + 1;
    await worker.finish(trial.id, trial.id);
  }
  assert.deepEqual(targets, { '0@1': 9, '0@3': 3, '0@9': 1, '1@3': 5, '1@9': 1, '2@9': 3 });
  assert.equal(jobs, 22);
  const { state, progress } = await worker.client.getStudy({ name: worker.study });
  assert.equal(state, StudyState.COMPLETED);
  assert.equal(progress!.succeeded + progress!.stopped, 17);
  assert.equal(progress!.succeeded, 5);
  assert.equal(progress!.resourceSpent, 69);
  assert.equal(jobName(worker.trial(17)), '17@9');
});
