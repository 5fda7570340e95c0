/** Paused trials rest as bytes: it must not show. */
import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { TrialState } from '../../server/gen/wazir/v1/trial.js';
import { everythingOf } from './engine-replay.js';
import { EngineWorld } from './engine-world.js';
import type { StudyDriver } from './study-driver.js';

const leaseMs = 60_000;

async function ashaOf(t: TestContext) {
  const world = await EngineWorld.open(t);
  const study = await world.create({
    resource: { name: 'epoch', min: 1, max: 9 },
    scheduler: { kind: { $case: 'asha', value: { eta: 3 } } },
    leaseDuration: { seconds: leaseMs / 1000 },
  });
  return { world, study };
}

/** So many trials, each paused in the lowest rung with a checkpoint; lower numbers are better. */
async function pause(study: StudyDriver, trials: number): Promise<void> {
  const jobs = [];
  for (let i = 0; i < trials; i++) jobs.push(await study.take(`w${i}`));
  for (const job of jobs) {
    await study.report(job, 1, job.trial);
    await study.release(job, 1);
  }
}

async function restingOf(study: StudyDriver): Promise<number[]> {
  const { trials } = await study.study();
  return [...trials.values()].filter(({ isResting }) => isResting).map(({ id }) => id);
}

test('a paused trial rests once its worker has gone, and looks as it did', async (t) => {
  const { study } = await ashaOf(t);
  const job = await study.take('w');
  const directive = await study.report(job, 1, 5);
  assert.equal(directive.kind, 2, 'PAUSE');
  assert.deepEqual(await restingOf(study), [], 'its worker may still save');
  const answered = await study.release(job, 1);
  assert.deepEqual(await restingOf(study), [1]);
  assert.deepEqual(await study.trial(1), answered);
  assert.deepEqual((await study.trials())[0], answered);
  assert.equal(answered.bestMeasurement?.step, 1);
  await study.measurements(1);
  assert.deepEqual(await restingOf(study), [1], 'looking does not wake it up');
});

test('a restart changes nothing of trials that rest, and they rest on', async (t) => {
  const { world, study } = await ashaOf(t);
  await pause(study, 5);
  const before = await everythingOf(study);
  assert.deepEqual(await restingOf(study), [1, 2, 3, 4, 5]);
  await world.restart();
  assert.deepEqual(await everythingOf(study), before);
  assert.deepEqual(await restingOf(study), [1, 2, 3, 4, 5]);
});

for (const restarts of [false, true])
  test(`a trial that rests is promoted, trained on and paused again${restarts ? ' after a restart' : ''}`, async (t) => {
    const { world, study } = await ashaOf(t);
    await pause(study, 3);
    if (restarts) await world.restart();
    const job = await study.take('again');
    assert.deepEqual(job, { trial: 1, attempt: 2, from: 1, to: 3 });
    assert.deepEqual(await restingOf(study), [2, 3]);
    assert.equal((await study.trial(1)).bestMeasurement?.metrics[0]?.value, 1, 'it knows its past');
    await study.report(job, 3, 0.5);
    await study.release(job, 3);
    assert.deepEqual(await restingOf(study), [1, 2, 3]);
    const { resourceSpent, lastStep, bestMeasurement, checkpoint } = await study.trial(1);
    assert.deepEqual(
      { resourceSpent, lastStep, best: bestMeasurement?.step, checkpoint: checkpoint?.step },
      { resourceSpent: 3, lastStep: 3, best: 3, checkpoint: 3 },
    );
    assert.equal((await study.get()).progress?.resourceSpent, 5);
  });

test('a trial whose worker never saves rests when its time is up, also after a restart', async (t) => {
  const { world, study } = await ashaOf(t);
  await study.report(await study.take('a'), 1, 1);
  await study.report(await study.take('b'), 1, 2);
  assert.deepEqual(await restingOf(study), []);
  await world.clock.advance(leaseMs + 1);
  assert.deepEqual(await restingOf(study), [1, 2]);
  await world.restart();
  assert.deepEqual(await restingOf(study), [1, 2]);
  // Its worker may still come back: after a restart all time runs anew.
  await study.release({ trial: 2, attempt: 1 }, 1);
  assert.equal((await study.trial(2)).checkpoint?.step, 1);
});

test('a trial that rests is annotated, stopped and deleted as any other', async (t) => {
  const { world, study } = await ashaOf(t);
  await pause(study, 3);
  await study.annotate([{ trial: 2, metadata: { key: 'k', value: { $case: 'text', value: 'v' } } }]);
  assert.equal((await study.trial(2)).metadata[0]?.key, 'k');
  assert.deepEqual(await restingOf(study), [1, 2, 3]);
  const stopped = await study.stop(1);
  assert.equal(stopped.state, TrialState.STOPPED);
  assert.equal(stopped.finalMeasurement?.metrics[0]?.value, 1);
  await study.remove(3);
  assert.deepEqual(await restingOf(study), [2]);
  const before = await everythingOf(study);
  await world.restart();
  assert.deepEqual(await everythingOf(study), before);
});

test('a queued trial, which has no place yet, is annotated', async (t) => {
  const { study } = await ashaOf(t);
  const { id } = await study.add({
    parameters: [{ name: 'x', value: { kind: { $case: 'doubleValue', value: 0.5 } } }],
  });
  await study.annotate([{ trial: id, metadata: { key: 'k', value: { $case: 'text', value: 'v' } } }]);
  assert.equal((await study.trial(id)).metadata[0]?.key, 'k');
});
