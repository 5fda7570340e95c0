/** How trials end at their workers' word, and what that means for their ranks. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MeasurementSelection } from '../../server/gen/wazir/v1/study.js';
import { TrialState } from '../../server/gen/wazir/v1/trial.js';
import { EngineWorld } from './engine-world.js';
import { measurementOf, type StudyDriver } from './study-driver.js';
import { asha, ashaStopping, halving, single } from './study-specs.js';

const infeasible = { $case: 'infeasibleReason', value: 'no' } as const;
const failure = { $case: 'failureReason', value: 'broken' } as const;

const settings = [asha(4, 2), ashaStopping(4, 2), halving(4, 2)];

/** What a study that is loaded from disk knows of ranks must be what the one in memory knew. */
async function sameAfterRestart(world: EngineWorld, study: StudyDriver): Promise<void> {
  const canStart = [true, false];
  const live = await study.study();
  const before = canStart.map((can) => live.scheduler.decide(can));
  const trials = await study.trials();
  await world.restart();
  const loaded = await study.study();
  assert.deepEqual(
    canStart.map((can) => loaded.scheduler.decide(can)),
    before,
  );
  assert.deepEqual((await study.trials()).map(withoutExpiry), trials.map(withoutExpiry));
}

function withoutExpiry<T extends { assignment?: unknown }>(trial: T): T {
  return { ...trial, assignment: undefined };
}

test('an infeasible trial takes no place in a rung, also where a measurement comes with it', async (t) => {
  const world = await EngineWorld.open(t);
  for (const spec of settings) {
    for (const step of [1, 2, 4]) {
      const study = await world.create(spec);
      const bad = await study.take('a');
      await study.complete(bad, { outcome: infeasible, finalMeasurement: measurementOf(step, { loss: -9 }) });
      assert.deepEqual((await study.trial(1)).scheduling!.results, []);
      for (let i = 0; i < 2; i++) {
        const job = await study.take('a');
        await study.report(job, 1, i);
        if ((await study.trial(job.trial)).state === TrialState.PAUSED) await study.release(job, 1);
      }
      await sameAfterRestart(world, study);
    }
  }
});

test('a failed trial counts in its rung as FAILED, also where a measurement comes with it', async (t) => {
  const world = await EngineWorld.open(t);
  for (const spec of settings) {
    for (const step of [1, 4]) {
      const study = await world.create(spec);
      const bad = await study.take('a');
      await study.complete(bad, { outcome: failure, finalMeasurement: measurementOf(step, { loss: -9 }) });
      const trial = await study.trial(1);
      assert.equal(trial.state, TrialState.FAILED);
      if (trial.scheduling!.results.length > 0)
        assert.deepEqual(
          trial.scheduling!.results.map(({ kind }) => kind),
          [3],
        );
      for (let i = 0; i < 3; i++) {
        const job = await study.take('a');
        await study.report(job, 1, i);
        if ((await study.trial(job.trial)).state === TrialState.PAUSED) await study.release(job, 1);
      }
      await sameAfterRestart(world, study);
    }
  }
});

test('a final measurement beyond the last step is a report: it is listed, and crosses rungs', async (t) => {
  const world = await EngineWorld.open(t);
  const study = await world.create(asha(4, 2));
  const job = await study.take('a');
  const ended = await study.complete(job, { finalMeasurement: measurementOf(2, { loss: 0.5 }) });
  assert.equal(ended.state, TrialState.SUCCEEDED);
  assert.deepEqual(
    ended.scheduling!.results.map(({ rung }) => rung),
    [0, 1],
  );
  assert.deepEqual(
    (await study.measurements(1)).map(({ step }) => step),
    [2],
  );
  await sameAfterRestart(world, study);
});

test('completed before its target a trial keeps its results and is never promoted', async (t) => {
  const world = await EngineWorld.open(t);
  const study = await world.create(asha(4, 2));
  const best = await study.take('a');
  await study.report(best, 1, 0);
  await study.complete(best);
  const job = await study.take('a');
  await study.report(job, 1, 1);
  await study.release(job, 1);
  // One of two goes on: the best, which does not want to.
  assert.equal((await study.take('a')).trial, 3);
  await sameAfterRestart(world, study);
});

test('without a measurement, infeasibility or failure there is no completion', async (t) => {
  const world = await EngineWorld.open(t);
  const study = await world.create({});
  const job = await study.take('a');
  await assert.rejects(study.complete(job), { reason: 'NO_MEASUREMENT' });
  assert.equal((await study.trial(1)).state, TrialState.ACTIVE);
});

test('the final measurement is the given one, else the last or the best', async (t) => {
  const world = await EngineWorld.open(t);
  const { LAST, BEST } = { LAST: MeasurementSelection.LAST, BEST: MeasurementSelection.BEST };
  const cases = [
    { selection: LAST, given: undefined, step: 3 },
    { selection: BEST, given: undefined, step: 2 },
    { selection: BEST, given: 1, step: 1 },
  ];
  for (const { selection, given, step } of cases) {
    const study = await world.create({ ...single(9), measurementSelection: selection });
    const job = await study.take('a');
    for (const [i, loss] of [0.5, 0.1, 0.3].entries()) await study.report(job, i + 1, loss);
    const finalMeasurement = given === undefined ? undefined : measurementOf(given, { loss: 0.5 });
    const ended = await study.complete(job, { finalMeasurement });
    assert.equal(ended.finalMeasurement!.step, step);
    assert.equal(ended.bestMeasurement!.step, 2);
    await world.restart();
    assert.deepEqual(await study.trial(1), ended);
  }
});

test('NaN is never the best; it is the last where it is the last', async (t) => {
  const world = await EngineWorld.open(t);
  for (const selection of [MeasurementSelection.LAST, MeasurementSelection.BEST]) {
    const study = await world.create({ ...single(9), measurementSelection: selection });
    const job = await study.take('a');
    await study.report(job, 1, NaN);
    assert.equal((await study.trial(1)).bestMeasurement, undefined);
    await study.report(job, 2, Infinity);
    await study.report(job, 3, NaN);
    const ended = await study.complete(job);
    assert.equal(ended.finalMeasurement!.step, selection === MeasurementSelection.LAST ? 3 : 2);
    assert.equal(ended.bestMeasurement!.step, 2);
  }
});

test('completing again under the attempt that ended it returns the trial; a contradiction is refused', async (t) => {
  const world = await EngineWorld.open(t);
  const study = await world.create({});
  const job = await study.take('a');
  const finalMeasurement = measurementOf(1, { loss: 0.5 });
  const ended = await study.complete(job, { finalMeasurement });
  assert.deepEqual(await study.complete(job, { finalMeasurement }), ended);
  assert.deepEqual(await study.complete(job), ended);
  const conflict = { reason: 'FINAL_MEASUREMENT_CONFLICT' };
  await assert.rejects(study.complete(job, { finalMeasurement: measurementOf(1, { loss: 0.4 }) }), conflict);
  await assert.rejects(study.fail(job), { reason: 'TRIAL_ENDED' });
  await assert.rejects(study.report(job, 2, 0.1), { reason: 'TRIAL_ENDED' });
  assert.deepEqual(await study.trial(1), ended);
});
