/** How many trials one study may ever have. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { StudyState, TrialState } from '../../server/gen/wazir/v1/trial.js';
import { EngineWorld } from './engine-world.js';
import { measurementOf } from './study-driver.js';
import { asha, halving, single } from './study-specs.js';

const minute = 60_000;
const full = {
  reason: 'LIMIT_EXCEEDED',
  resource: 'owners/test/studies/s1',
  metadata: { limit: 'max-trials-per-study', max: '3' },
};
const limits = { maxTrialsPerStudy: 3 };
const parameters = [{ name: 'x', value: { kind: { $case: 'doubleValue' as const, value: 0.5 } } }];

test('sampled, queued and warm ones count alike; at the limit each kind is refused, and nothing changes', async (t) => {
  const world = await EngineWorld.open(t, limits);
  const study = await world.create(single(9));
  const sampled = await study.take('a');
  await study.add({ parameters });
  await study.add({ parameters, finalMeasurement: measurementOf(1, { loss: 1 }) });
  // The queued one is not new.
  assert.equal((await study.take('b')).trial, 2);
  const before = await study.get();
  await assert.rejects(study.add({ parameters }, 'queued'), full);
  await assert.rejects(study.add({ parameters, finalMeasurement: measurementOf(1, { loss: 1 }) }), full);
  await assert.rejects(study.add({ parameters, infeasibleReason: 'no' }), full);
  await assert.rejects(study.ask('c', { requestId: 'ask' }), full);
  assert.deepEqual(await study.get(), before);
  // Nor is one whose lease has lapsed, or that was given back, or its holder's own.
  assert.equal((await study.take('a')).attempt, 2);
  await study.release({ ...sampled, attempt: 2 });
  assert.equal((await study.take('c', { requestId: 'ask' })).trial, 1);
  await world.clock.advance(minute);
  assert.equal((await study.take('d')).trial, 2);
  await world.restart();
  assert.equal((await study.trials()).length, 3);
  await assert.rejects(study.ask('e'), full);
});

test('trials that were deleted or infeasible count: their numbers are used up', async (t) => {
  const world = await EngineWorld.open(t, limits);
  const study = await world.create(single(9));
  for (let i = 0; i < 3; i++) await study.infeasible(await study.take('a'));
  for (let i = 1; i <= 3; i++) await study.remove(i);
  await assert.rejects(study.ask('a'), full);
  await world.restart();
  await assert.rejects(study.ask('a'), full);
});

test('one asker gets what is left', async (t) => {
  const world = await EngineWorld.open(t, limits);
  const study = await world.create(single(9));
  assert.equal((await study.ask('a', { count: 10 })).trials.length, 3);
  await assert.rejects(study.ask('b', { count: 10 }), full);
});

test('the study does not end by it: promotions go on, and a raised limit makes it go on', async (t) => {
  const world = await EngineWorld.open(t, limits);
  const study = await world.create(asha(9, 3));
  for (let i = 0; i < 3; i++) {
    const job = await study.take('a');
    await study.report(job, 1, i);
    await study.release(job, 1);
  }
  const promoted = await study.take('a');
  assert.deepEqual([promoted.trial, promoted.from, promoted.to], [1, 1, 3]);
  // Others may get what comes of it: they are told to ask again.
  await assert.rejects(study.ask('b'), { ...full, retryAfterSeconds: 60 });
  await study.report(promoted, 3, 0);
  await study.release(promoted, 3);
  await assert.rejects(study.ask('b'), { ...full, retryAfterSeconds: undefined });
  const { state } = await study.get();
  assert.equal(state, StudyState.ACTIVE);
  world.limits = { ...world.limits, maxTrialsPerStudy: 4 };
  await world.restart();
  assert.equal((await study.take('b')).trial, 4);
});

test('max_trials below it ends the study as ever', async (t) => {
  const world = await EngineWorld.open(t, limits);
  const study = await world.create({ ...single(1), limits: { maxTrials: 3 } });
  for (let i = 0; i < 3; i++) await study.report(await study.take('a'), 1, i);
  assert.equal((await study.ask('a')).studyState, StudyState.COMPLETED);
});

test('who is parked is refused when only a new trial is left to do', async (t) => {
  const world = await EngineWorld.open(t, limits);
  const study = await world.create({ ...halving(4, 2), limits: { maxParallelTrials: 3 } });
  const jobs = [await study.take('a'), await study.take('b'), await study.take('c')];
  const parked = ['d', 'e'].map((client) => study.ask(client, {}, { waitMs: 10 * minute }));
  const refused = Promise.all(parked.map((it) => assert.rejects(it, full)));
  await study.settled();
  assert.equal((await study.study()).waiters.size, 2);
  await study.report(jobs[0]!, 1, 0);
  await refused;
  assert.equal((await study.study()).waiters.size, 0);
  assert.equal((await study.trial(1)).state, TrialState.PAUSED);
  assert.equal(world.engine.home.waiting.total, 0);
});
