/** What deleting trials and studies takes away, and what it leaves. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { TrialState } from '../../server/gen/wazir/v1/trial.js';
import { keys } from '../../server/store/keys.js';
import { EngineWorld } from './engine-world.js';
import type { StudyDriver } from './study-driver.js';
import { asha, single } from './study-specs.js';

const minute = 60_000;

async function pauseSome(study: StudyDriver, losses: readonly number[]): Promise<void> {
  for (const loss of losses) {
    const job = await study.take('a');
    await study.report(job, 1, loss);
    await study.release(job, 1);
  }
}

test('a trial that is lent, or whose checkpoint is being saved, is not deleted', async (t) => {
  const world = await EngineWorld.open(t);
  const study = await world.create(asha(9, 3));
  const job = await study.take('a');
  const lent = { reason: 'TRIAL_LENT' };
  await assert.rejects(study.remove(1), lent);
  await study.report(job, 1, 0.5);
  await assert.rejects(study.remove(1), lent);
  await study.release(job, 1);
  await study.remove(1);
  const gone = { reason: 'TRIAL_NOT_FOUND' };
  await assert.rejects(study.trial(1), gone);
  await assert.rejects(study.remove(1), gone);
  await assert.rejects(study.stop(1), gone);
  await assert.rejects(study.measurements(1), gone);
  await assert.rejects(study.release(job, 1), gone);
  assert.deepEqual(await study.trials(), []);
});

test('its rung results stay, so that no rank shifts, also after a restart', async (t) => {
  const world = await EngineWorld.open(t);
  for (const restarts of [false, true]) {
    const study = await world.create(asha(9, 3));
    // Three at rung 0: the best is deleted, and the second is still the second of three.
    await pauseSome(study, [0.1, 0.2]);
    await study.remove(1);
    const third = await study.take('a');
    await study.report(third, 1, 0.3);
    await study.release(third, 1);
    if (restarts) await world.restart();
    assert.equal((await study.take('a')).trial, 4);
  }
});

test('its measurements go, its steps stay spent, and the counts of the study show the others', async (t) => {
  const world = await EngineWorld.open(t);
  const study = await world.create(single(3));
  const { uid } = await study.study();
  const job = await study.take('a');
  for (const step of [1, 2, 3]) await study.report(job, step, step);
  await study.remove(1);
  for (const again of [false, true]) {
    if (again) await world.restart();
    const { succeeded, stopped, resourceSpent } = (await study.get()).progress!;
    assert.deepEqual([succeeded, stopped, resourceSpent], [0, 0, 3]);
  }
  for await (const [key] of world.store.iterate(keys.measurementsOf(uid, 1))) assert.fail(key);
});

test('a measurement that comes while the trial is being deleted does not outlast it', async (t) => {
  const world = await EngineWorld.open(t);
  const study = await world.create(single(3));
  const { uid } = await study.study();
  // The report falls into each step of the deletion in turn; it ends the trial, so nothing holds the trial any more.
  for (let turns = 0; turns < 12; turns++) {
    const job = await study.take('a');
    await study.report(job, 1, 0.5);
    await world.clock.advance(minute);
    const removed = study.remove(job.trial).then(
      () => true,
      (error: { reason?: string }) => assert.equal(error.reason, 'TRIAL_LENT'),
    );
    for (let turn = 0; turn < turns; turn++) await new Promise((resolve) => setImmediate(resolve));
    await study.report(job, 3, 0.1).catch((error: { reason?: string }) => {
      assert.equal(error.reason, 'TRIAL_NOT_FOUND');
    });
    if (!(await removed)) await study.remove(job.trial);
    for await (const [key] of world.store.iterate(keys.measurementsOf(uid, job.trial))) assert.fail(key);
  }
});

test('trials that wait for anything can be deleted: queued, lapsed, given back', async (t) => {
  const world = await EngineWorld.open(t);
  const study = await world.create({ ...single(9), limits: { maxTrials: 3 } });
  const parameters = [{ name: 'x', value: { kind: { $case: 'doubleValue', value: 0.5 } } }] as const;
  await study.release(await study.take('a'));
  await study.take('b', { recover: false }).then(async (again) => study.release(again));
  await study.add({ parameters: [...parameters] });
  await study.remove(2);
  await study.remove(1);
  const lapsed = await study.take('c');
  await world.clock.advance(minute);
  await study.remove(lapsed.trial);
  await assert.rejects(study.report(lapsed, 1, 0.5), { reason: 'TRIAL_NOT_FOUND' });
  assert.equal((await study.ask('d')).studyState, 3);
});

test('deleting the last that runs ends the study', async (t) => {
  const world = await EngineWorld.open(t);
  const study = await world.create({ ...single(9), limits: { maxTrials: 1 } });
  await study.take('a');
  const waits = study.ask('b', {}, { waitMs: 10 * minute });
  await study.settled();
  await world.clock.advance(minute - 1);
  await study.stop(1);
  assert.equal((await study.trial(1)).state, TrialState.STOPPING);
  await world.clock.advance(1);
  assert.equal((await waits).studyState, 3);
});

test('a deleted study leaves no record of it, and one of the same name starts clean', async (t) => {
  const world = await EngineWorld.open(t);
  const study = await world.create(asha(9, 3), 'name');
  const { uid } = await study.study();
  await study.ask('x', { requestId: 'r' });
  await pauseSome(study, [0.1, 0.2, 0.3]);
  await world.delete(study);
  await assert.rejects(study.get(), { reason: 'STUDY_NOT_FOUND' });
  await world.engine.purge.settled();
  // All keys but that of the database itself.
  for await (const [key] of world.store.iterate({ gte: 'a' })) assert.ok(!key.includes(uid), key);
  const next = await world.create(asha(9, 3), 'name');
  assert.deepEqual(await next.trials(), []);
  assert.equal((await next.take('a', { requestId: 'r' })).trial, 1);
  await assert.rejects(world.engine.study(next.name, uid), { reason: 'STUDY_RECREATED' });
});
