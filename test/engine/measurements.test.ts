/** What becomes of reports: repeated, merged, contradicted, out of order, superseded. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Directive_Kind as Kind } from '../../server/gen/wazir/v1/measurement.js';
import { MeasurementSelection, MetricGoal } from '../../server/gen/wazir/v1/study.js';
import { TrialState } from '../../server/gen/wazir/v1/trial.js';
import { EngineWorld } from './engine-world.js';
import type { StudyDriver } from './study-driver.js';
import { asha, ashaStopping, single } from './study-specs.js';

const minute = 60_000;
const two = {
  metrics: [
    { name: 'loss', goal: MetricGoal.MINIMIZE },
    { name: 'size', goal: MetricGoal.MINIMIZE },
  ],
};

async function listed(study: StudyDriver, all = false) {
  const known = await study.measurements(1, all);
  return known.map(({ attempt, step, metrics, superseded }) => {
    const values = Object.fromEntries(metrics.map(({ name, value }) => [name, value]));
    return { attempt, step, ...values, ...(superseded ? { superseded } : {}) };
  });
}

test('the same report again gets the first answer, whatever has happened since', async (t) => {
  const world = await EngineWorld.open(t);
  const study = await world.create(asha(9, 3));
  const first = await study.take('a');
  const answer = await study.report(first, 1, 0.5);
  assert.equal(answer.kind, Kind.PAUSE);
  assert.deepEqual(await study.report(first, 1, 0.5), answer);
  await study.release(first);
  assert.deepEqual(await study.report(first, 1, 0.5), answer);
  await study.stop(1);
  await world.restart();
  assert.deepEqual(await study.report(first, 1, 0.5), answer);
  assert.deepEqual(await listed(study), [{ attempt: 1, step: 1, loss: 0.5 }]);
});

test('another value at a known step is a conflict, and the first stands; NaN is NaN, −0 is 0', async (t) => {
  const world = await EngineWorld.open(t);
  const study = await world.create({ ...single(9), ...two });
  const job = await study.take('a');
  await study.report(job, 1, { loss: 0.5, size: NaN });
  const conflict = { reason: 'MEASUREMENT_CONFLICT' };
  await assert.rejects(study.report(job, 1, { loss: 0.25 }), conflict);
  await assert.rejects(study.report(job, 1, { loss: 0.5, size: 1 }), conflict);
  await study.report(job, 1, { loss: 0.5, size: NaN });
  await study.report(job, 2, { loss: -0 });
  await study.report(job, 2, { loss: 0 });
  assert.deepEqual((await study.trial(1)).lastStep, 2);
  assert.deepEqual(await listed(study), [
    { attempt: 1, step: 1, loss: 0.5, size: NaN },
    { attempt: 1, step: 2, loss: 0 },
  ]);
});

test('new names at a known step merge, in what is listed, best and final alike', async (t) => {
  const world = await EngineWorld.open(t);
  for (const measurementSelection of [MeasurementSelection.BEST, MeasurementSelection.LAST]) {
    const study = await world.create({ ...single(9), ...two, measurementSelection });
    const job = await study.take('a');
    await study.report(job, 1, { loss: 0.5 });
    await study.report(job, 1, { size: 3 });
    assert.deepEqual(await listed(study), [{ attempt: 1, step: 1, loss: 0.5, size: 3 }]);
    const { bestMeasurement } = await study.trial(1);
    assert.deepEqual(
      bestMeasurement!.metrics.map(({ name }) => name),
      ['loss', 'size'],
    );
    await study.reload();
    assert.deepEqual((await study.trial(1)).bestMeasurement, bestMeasurement);
    const { finalMeasurement } = await study.complete(job);
    assert.deepEqual(
      finalMeasurement!.metrics.map(({ name }) => name),
      ['loss', 'size'],
    );
    assert.deepEqual(
      (await study.optimal()).map(({ id }) => id),
      [1],
    );
  }
});

test('without the ranking metric a report is stored, renews, and crosses no rung; with it, later, it does', async (t) => {
  const world = await EngineWorld.open(t);
  const study = await world.create({ ...asha(9, 3), ...two });
  const job = await study.take('a');
  await world.clock.advance(minute - 1);
  assert.deepEqual(await study.report(job, 1, { size: 1 }), { kind: Kind.CONTINUE, until: 1 });
  await world.clock.advance(minute - 1);
  const { state, scheduling, assignment } = await study.trial(1);
  assert.deepEqual([state, scheduling!.results, assignment!.attempt], [TrialState.ACTIVE, [], 1]);
  assert.equal((await study.report(job, 1, { loss: 0.5 })).kind, Kind.PAUSE);
  assert.equal((await study.trial(1)).scheduling!.results[0]!.loss, 0.5);
});

test('a rung is crossed by the first report at or past it that has the ranking metric', async (t) => {
  const world = await EngineWorld.open(t);
  const study = await world.create({ ...asha(9, 3), ...two });
  const job = await study.take('a');
  await study.report(job, 1, { size: 1 });
  await study.report(job, 2, { loss: 0.25 });
  await study.report(job, 1, { loss: 0.75 });
  const { results } = (await study.trial(1)).scheduling!;
  assert.deepEqual(
    results.map(({ rung, loss }) => [rung, loss]),
    [[0, 0.25]],
  );
});

test('out of order reports are kept, and the best of equals is the first step, also after a restart', async (t) => {
  const world = await EngineWorld.open(t);
  const study = await world.create(single(9));
  const job = await study.take('a');
  for (const step of [5, 2, 7, 3]) await study.report(job, step, 0.5);
  const { lastStep, bestMeasurement, resourceSpent } = await study.trial(1);
  assert.deepEqual([lastStep, resourceSpent], [7, 7]);
  await study.reload();
  assert.deepEqual((await study.trial(1)).bestMeasurement, bestMeasurement);
  assert.deepEqual(
    (await listed(study)).map(({ step }) => step),
    [2, 3, 5, 7],
  );
});

test('one report that crosses several rungs is recorded in each, once, with the same loss', async (t) => {
  const world = await EngineWorld.open(t);
  const study = await world.create(ashaStopping(9, 3));
  const job = await study.take('a');
  assert.deepEqual(await study.report(job, 4, 0.5), { kind: Kind.CONTINUE, until: 9 });
  await study.report(job, 3, 0.125);
  const { results } = (await study.trial(1)).scheduling!;
  assert.deepEqual(
    results.map(({ rung, loss }) => [rung, loss]),
    [
      [0, 0.5],
      [1, 0.5],
    ],
  );
  assert.equal((await study.report(job, 100, 0.25)).kind, Kind.COMPLETE);
  const { state, finalMeasurement } = await study.trial(1);
  assert.deepEqual([state, finalMeasurement!.step], [TrialState.SUCCEEDED, 100]);
});

test('a step is superseded once a later attempt began below it; lists hide it unless asked', async (t) => {
  const world = await EngineWorld.open(t);
  const study = await world.create(single(9));
  const first = await study.take('a');
  for (const step of [1, 2, 3, 4]) await study.report(first, step, step);
  await study.renew(first, 2);
  await world.clock.advance(minute);
  const second = await study.take('b');
  assert.equal(second.from, 2);
  await study.report(second, 3, 30);
  const kept = [1, 2].map((step) => ({ attempt: 1, step, loss: step }));
  assert.deepEqual(await listed(study), [...kept, { attempt: 2, step: 3, loss: 30 }]);
  assert.deepEqual(await listed(study, true), [
    ...kept,
    { attempt: 1, step: 3, loss: 3, superseded: true },
    { attempt: 1, step: 4, loss: 4, superseded: true },
    { attempt: 2, step: 3, loss: 30 },
  ]);
  // A third from the beginning leaves nothing of the two before it.
  await world.clock.advance(minute);
  const third = await study.take('c');
  assert.equal(third.from, 2);
  await world.restart();
  assert.deepEqual(await listed(study), kept);
  assert.equal((await study.trial(1)).lastStep, 4);
});

test('a report at or below the step it resumed from changes no rung', async (t) => {
  const world = await EngineWorld.open(t);
  const study = await world.create(asha(4, 2));
  for (let i = 0; i < 2; i++) {
    const job = await study.take('a');
    await study.report(job, 1, i);
    await study.release(job, 1);
  }
  const resumed = await study.take('a');
  assert.deepEqual([resumed.trial, resumed.from, resumed.to], [1, 1, 2]);
  assert.deepEqual(await study.report(resumed, 1, 99), { kind: Kind.CONTINUE, until: 2 });
  assert.deepEqual(await study.report(resumed, 0, 99), { kind: Kind.CONTINUE, until: 2 });
  assert.equal((await study.trial(1)).scheduling!.results.length, 1);
  assert.equal((await study.report(resumed, 2, 0)).kind, Kind.PAUSE);
});
