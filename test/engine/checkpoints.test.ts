/** Checkpoint before promotion: a paused trial is lent again once its worker has saved, or is given up. */
import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { Directive_Kind as Kind } from '../../server/gen/wazir/v1/measurement.js';
import { StudyState, TrialState } from '../../server/gen/wazir/v1/trial.js';
import { EngineWorld } from './engine-world.js';
import { asha } from './study-specs.js';

const minute = 60_000;

/** An ASHA study with eta 2 in which trial 2 has won rung 0 over trial 1 and is still saving. */
async function withWinnerSaving(t: TestContext) {
  const world = await EngineWorld.open(t);
  const study = await world.create(asha(4, 2));
  const loser = await study.take('a');
  const winner = await study.take('b');
  await study.report(loser, 1, 0.9);
  assert.deepEqual(await study.report(winner, 1, 0.1), { kind: Kind.PAUSE, until: 0 });
  return { world, study, loser, winner };
}

test('a promoted trial is lent once its worker has given it back with a checkpoint', async (t) => {
  const { study, winner } = await withWinnerSaving(t);
  // Decided now, so nobody else is promoted in its place; lent later.
  assert.equal((await study.take('c')).trial, 3);
  assert.equal((await study.trial(2)).scheduling!.promoted, true);
  assert.equal((await study.take('d')).trial, 4);
  const released = await study.release(winner, 1);
  assert.equal(released.checkpointNeeded, true);
  assert.deepEqual(await study.take('e'), { trial: 2, attempt: 2, from: 1, to: 2 });
  const { assignment } = await study.trial(2);
  assert.deepEqual(assignment!.checkpoint, { step: 1, uri: 'checkpoints/2/1', trial: 2 });
});

test('who waits is served by the checkpoint', async (t) => {
  const { study, world, winner, loser } = await withWinnerSaving(t);
  await study.update({ spec: { limits: { maxTrials: 2 } } });
  const waits = study.ask('c', {}, { waitMs: 10 * minute });
  await world.clock.advance(1000);
  await study.release(loser, 1);
  await study.release(winner, 1);
  assert.deepEqual(
    (await waits).trials.map(({ id }) => id),
    [2],
  );
});

test('without a checkpoint it is lent to train anew to the same target', async (t) => {
  const { study, winner } = await withWinnerSaving(t);
  await study.release(winner);
  assert.deepEqual(await study.take('c'), { trial: 2, attempt: 2, from: 0, to: 2 });
});

test('where the saving takes longer than a lease, it is lent from its last acknowledged checkpoint', async (t) => {
  const { study, world } = await withWinnerSaving(t);
  await world.clock.advance(minute - 1);
  assert.equal((await study.take('c')).trial, 3);
  await world.clock.advance(1);
  assert.deepEqual(await study.take('d'), { trial: 2, attempt: 2, from: 0, to: 2 });
  // A deadline missed while saving is no expiry of a lease.
  assert.equal((await study.trial(2)).expiries, 0);
});

test('the deadline of the saving serves those who wait', async (t) => {
  const { study, world } = await withWinnerSaving(t);
  await study.update({ spec: { limits: { maxTrials: 2 } } });
  const waits = study.ask('c', {}, { waitMs: 10 * minute });
  await world.clock.advance(minute);
  assert.deepEqual(
    (await waits).trials.map(({ id }) => id),
    [2],
  );
});

test('a renewal extends the saving, also after its deadline, as long as nobody has the trial', async (t) => {
  const { study, world, winner } = await withWinnerSaving(t);
  assert.equal((await study.take('c')).trial, 3);
  await world.clock.advance(minute / 2);
  assert.equal((await study.renew(winner)).directive!.kind, Kind.PAUSE);
  await world.clock.advance(minute / 2);
  assert.notEqual((await study.take('d')).trial, 2);
  // Past the deadline, and back.
  await world.clock.advance(minute / 2);
  assert.equal((await study.renew(winner)).directive!.kind, Kind.PAUSE);
  assert.notEqual((await study.take('e', { recover: false })).trial, 2);
  await study.release(winner, 1);
  assert.deepEqual(await study.take('f'), { trial: 2, attempt: 2, from: 1, to: 2 });
});

test('once it is lent again its saver comes too late', async (t) => {
  const { study, world, winner } = await withWinnerSaving(t);
  await world.clock.advance(minute);
  assert.deepEqual(await study.take('c'), { trial: 2, attempt: 2, from: 0, to: 2 });
  await assert.rejects(study.release(winner, 1), { reason: 'STALE_ATTEMPT' });
  assert.equal((await study.trial(2)).checkpoint, undefined);
});

test('a restart gives the saver its full time anew', async (t) => {
  const { study, world, winner } = await withWinnerSaving(t);
  assert.equal((await study.take('c')).trial, 3);
  await world.clock.advance(minute - 1);
  await world.restart();
  await study.get();
  await world.clock.advance(minute - 1);
  assert.notEqual((await study.take('d')).trial, 2);
  await study.release(winner, 1);
  assert.equal((await study.take('e')).trial, 2);
});

test('whoever asks anew under the name of the saver saves nothing any more', async (t) => {
  const { study, winner } = await withWinnerSaving(t);
  assert.deepEqual(await study.take('b'), { trial: 2, attempt: 2, from: 0, to: 2 });
  await assert.rejects(study.release(winner, 1), { reason: 'STALE_ATTEMPT' });
});

test('a saver that says it still holds the trial goes on saving', async (t) => {
  const { study, winner } = await withWinnerSaving(t);
  const { trial } = await study.take('b', { holding: [winner] });
  assert.equal(trial, 3);
  assert.equal((await study.release(winner, 1)).checkpoint!.step, 1);
});

test('a checkpoint must lie within what the attempt has reported', async (t) => {
  const world = await EngineWorld.open(t);
  const study = await world.create(asha(9, 3));
  const job = await study.take('a');
  const invalid = { reason: 'INVALID_FIELD' };
  await assert.rejects(study.renew(job, 1), invalid);
  await assert.rejects(study.release(job, 0), invalid);
  assert.equal((await study.trial(1)).state, TrialState.ACTIVE);
  await study.report(job, 1, 0.5);
  await assert.rejects(study.release(job, 2), invalid);
  await study.release(job, 1);
});

test('after the end of the study a saver is told nothing bad', async (t) => {
  const { study, winner, loser } = await withWinnerSaving(t);
  await study.update({ state: StudyState.COMPLETED });
  assert.equal((await study.release(winner, 1)).state, TrialState.STOPPED);
  assert.equal((await study.release(loser)).state, TrialState.STOPPED);
  assert.equal((await study.trial(2)).checkpointNeeded, false);
});

test('a trial given back before its target goes to the next asker, from what was saved last', async (t) => {
  const world = await EngineWorld.open(t);
  const study = await world.create(asha(9, 3));
  const [one, two] = [await study.take('a'), await study.take('b')];
  await study.release(two);
  await study.release(one);
  await world.restart();
  // By number, before new work.
  const again = [await study.take('c'), await study.take('d'), await study.take('e')];
  assert.deepEqual(
    again.map(({ trial, attempt }) => [trial, attempt]),
    [
      [1, 2],
      [2, 2],
      [3, 1],
    ],
  );
  await assert.rejects(study.report(one, 1, 0.5), { reason: 'STALE_ATTEMPT' });
});

test('a checkpoint at the target, where the ranking metric was never reported, is no start: the trial trains anew', async (t) => {
  const world = await EngineWorld.open(t);
  const metrics = [
    { name: 'loss', goal: 2 },
    { name: 'aside', goal: 2 },
  ];
  const study = await world.create({ ...asha(9, 3), metrics });
  const job = await study.take('a');
  await study.report(job, 1, { aside: 5 });
  await study.release(job, 1);
  const again = await study.take('b');
  assert.deepEqual(again, { trial: 1, attempt: 2, from: 0, to: 1 });
  assert.equal((await study.trial(1)).assignment!.checkpoint, undefined);
  assert.deepEqual(await study.report(again, 1, { loss: 0.5 }), { kind: Kind.PAUSE, until: 0 });
});
