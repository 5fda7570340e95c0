/** `max_total_resource`: what may be lent, and what happens at its end. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Directive_Kind as Kind } from '../../server/gen/wazir/v1/measurement.js';
import { StudyEndReason, StudyState, TrialEndReason, TrialState } from '../../server/gen/wazir/v1/trial.js';
import { EngineWorld } from './engine-world.js';
import type { Job, StudyDriver } from './study-driver.js';
import { asha, ashaStopping, single } from './study-specs.js';

const minute = 60_000;

async function sums(study: StudyDriver): Promise<[spent: number, lent: number]> {
  const { resourceSpent, resourceLent } = (await study.get()).progress!;
  return [resourceSpent, resourceLent];
}

async function train(study: StudyDriver, job: Job, loss: number): Promise<void> {
  for (let step = job.from + 1; step <= job.to; step++) await study.report(job, step, loss);
}

test('spent and lent steps are booked as they are trained', async (t) => {
  const world = await EngineWorld.open(t);
  const study = await world.create(single(5));
  const job = await study.take('a');
  assert.deepEqual(await sums(study), [0, 5]);
  await study.report(job, 2, 0.5);
  assert.deepEqual(await sums(study), [2, 3]);
  // Lent again from the beginning: the two steps were trained in vain, and count.
  await world.clock.advance(minute);
  const again = await study.take('b');
  assert.deepEqual(await sums(study), [2, 5]);
  await study.report(again, 3, 0.5);
  await study.renew(again, 3);
  await study.release(again);
  assert.deepEqual(await sums(study), [5, 0]);
  const third = await study.take('c');
  assert.deepEqual(await sums(study), [5, 2]);
  await train(study, third, 0.5);
  assert.deepEqual(await sums(study), [7, 0]);
  assert.equal((await study.trial(1)).resourceSpent, 7);
});

test('the first job that does not fit ends the handing out; the study ends when the last job does', async (t) => {
  const world = await EngineWorld.open(t);
  const study = await world.create({ ...single(4), limits: { maxTotalResource: 10 } });
  const jobs = [await study.take('a'), await study.take('b')];
  const { trials, studyState, retryAfter } = await study.ask('c');
  assert.deepEqual([trials, studyState], [[], StudyState.ACTIVE]);
  assert.notEqual(retryAfter, undefined);
  await train(study, jobs[0]!, 0.5);
  // Four are spent and two are left, but what has ended has ended.
  assert.deepEqual((await study.ask('c')).trials, []);
  await train(study, jobs[1]!, 0.5);
  const end = await study.ask('c');
  assert.equal(end.studyState, StudyState.COMPLETED);
  assert.equal(end.studyEndReason, StudyEndReason.MAX_TOTAL_RESOURCE);
  assert.deepEqual(await sums(study), [8, 0]);
  assert.equal((await study.trials()).length, 2);
});

test('who waits hears of the end that the budget brings', async (t) => {
  const world = await EngineWorld.open(t);
  const study = await world.create({ ...single(4), limits: { maxTotalResource: 4 } });
  const job = await study.take('a');
  const waits = study.ask('b', {}, { waitMs: 10 * minute });
  await study.report(job, 4, 0.5);
  assert.equal((await waits).studyState, StudyState.COMPLETED);
});

test('a promotion that does not fit ends the study, its paused trials STOPPED', async (t) => {
  const world = await EngineWorld.open(t);
  const study = await world.create({ ...asha(4, 2), limits: { maxTotalResource: 3 } });
  const jobs = [await study.take('a'), await study.take('b'), await study.take('c')];
  for (const [i, job] of jobs.entries()) {
    await study.report(job, 1, i);
    await study.release(job, 1);
  }
  assert.equal((await study.ask('d')).studyState, StudyState.COMPLETED);
  for (const { state, endReason } of await study.trials())
    assert.deepEqual([state, endReason], [TrialState.STOPPED, TrialEndReason.STUDY_COMPLETED]);
});

test('a survivor of the stopping variant is stopped where the budget has no room for its next rung', async (t) => {
  const world = await EngineWorld.open(t);
  const study = await world.create({ ...ashaStopping(9, 3), limits: { maxTotalResource: 2 } });
  const job = await study.take('a');
  assert.equal((await study.report(job, 1, 0.5)).kind, Kind.STOP);
  const { state, endReason } = await study.trial(1);
  assert.deepEqual([state, endReason], [TrialState.STOPPED, TrialEndReason.LIMIT]);
  assert.equal((await study.get()).endReason, StudyEndReason.MAX_TOTAL_RESOURCE);
});

test('an attempt to be repeated that does not fit is not lent: the trial is STOPPED', async (t) => {
  const world = await EngineWorld.open(t);
  for (const how of ['expiry', 'release', 'recovery'] as const) {
    const study = await world.create({ ...single(9), limits: { maxTotalResource: 10 } });
    const job = await study.take('a');
    await study.report(job, 5, 0.5);
    if (how === 'expiry') await world.clock.advance(minute);
    if (how === 'release') await study.release(job);
    // Five spent and nine to be trained anew are more than ten.
    const answer = await study.ask(how === 'recovery' ? 'a' : 'b');
    assert.deepEqual(answer.trials, [], how);
    assert.equal(answer.studyState, StudyState.COMPLETED, how);
    const { state, endReason } = await study.trial(1);
    assert.deepEqual([state, endReason], [TrialState.STOPPED, TrialEndReason.LIMIT], how);
    assert.deepEqual(await sums(study), [5, 0], how);
  }
});

test('raising the budget makes the study go on', async (t) => {
  const world = await EngineWorld.open(t);
  const study = await world.create({ ...single(4), limits: { maxTotalResource: 4 } });
  await train(study, await study.take('a'), 0.5);
  assert.equal((await study.ask('a')).studyState, StudyState.COMPLETED);
  await assert.rejects(study.update({ state: StudyState.ACTIVE }), { reason: 'STUDY_STATE' });
  const raised = await study.update({ spec: { limits: { maxTotalResource: 8 } } });
  assert.deepEqual([raised.state, raised.endReason], [StudyState.ACTIVE, StudyEndReason.UNSPECIFIED]);
  await train(study, await study.take('a'), 0.5);
  assert.equal((await study.ask('a')).studyState, StudyState.COMPLETED);
});

test('another limit does not reopen what the budget has ended', async (t) => {
  const world = await EngineWorld.open(t);
  const study = await world.create({ ...single(4), limits: { maxTotalResource: 4 } });
  await train(study, await study.take('a'), 0.5);
  const { endTime } = (await study.ask('a'), await study.get());
  await world.clock.advance(1000);
  for (const limits of [{ maxParallelTrials: 3 }, { maxTotalResource: 3 }, { maxAttempts: 5 }]) {
    const updated = await study.update({ spec: { limits } });
    assert.deepEqual([updated.state, updated.endTime], [StudyState.COMPLETED, endTime]);
  }
});

test('what was spent survives a restart, also of trials that were deleted or annotated after their end', async (t) => {
  const world = await EngineWorld.open(t);
  const study = await world.create(asha(9, 3));
  for (let i = 0; i < 4; i++) {
    const job = await study.take('a');
    await train(study, job, i);
    await study.release(job, job.to);
  }
  await train(study, await study.take('a'), 9);
  const running = await study.take('a');
  await study.report(running, 1, 0);
  await study.stop(2);
  await study.annotate([{ trial: 2, metadata: { key: 'k', value: { $case: 'text', value: 'v' } } }]);
  assert.equal((await study.trial(2)).resourceSpent, 1);
  await study.stop(3);
  await study.remove(3);
  const before = await study.get();
  await world.restart();
  assert.deepEqual((await study.get()).progress, before.progress);
});
