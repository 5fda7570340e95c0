/** Leases as workers see them: their ends, renewals, and what comes back to whom. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Directive_Kind as Kind } from '../../server/gen/wazir/v1/measurement.js';
import { StudyState, TrialEndReason, TrialState } from '../../server/gen/wazir/v1/trial.js';
import { EngineWorld } from './engine-world.js';
import { asha, ashaStopping, single } from './study-specs.js';

const minute = 60_000;

test('an expired lease is offered again before new work: same target, next attempt, from its checkpoint', async (t) => {
  const world = await EngineWorld.open(t);
  const study = await world.create(single(9));
  const first = await study.take('a');
  await study.report(first, 4, 0.5);
  await study.renew(first, 4);
  await study.report(first, 6, 0.4);
  const second = await study.take('b');
  await world.clock.advance(minute);
  const again = await study.take('c');
  assert.deepEqual(again, { trial: 1, attempt: 2, from: 4, to: 9 });
  assert.deepEqual(await study.take('c', { holding: [again] }), { ...second, attempt: 2 });
  assert.equal((await study.take('d')).trial, 3);
  assert.equal((await study.trial(1)).expiries, 1);
  assert.equal((await study.get()).progress!.reassigned, 2);
});

test('the longest silent is offered again first', async (t) => {
  const world = await EngineWorld.open(t);
  const study = await world.create(single(9));
  const [one, two, three] = [await study.take('a'), await study.take('b'), await study.take('c')];
  await world.clock.advance(minute / 2);
  await study.renew(one);
  await study.report(two, 1, 0.5);
  await world.clock.advance(minute / 2);
  const offered = [await study.take('d'), await study.take('d', { recover: false })];
  assert.deepEqual(
    offered.map(({ trial }) => trial),
    [three.trial, 4],
  );
  await world.clock.advance(minute / 2);
  const later = [await study.take('e'), await study.take('e', { recover: false })];
  assert.deepEqual(
    later.map(({ trial }) => trial),
    [one.trial, two.trial],
  );
});

test('reports and renewals each extend a lease by its full duration', async (t) => {
  const world = await EngineWorld.open(t);
  const study = await world.create(single(9));
  const job = await study.take('a');
  for (let step = 1; step <= 4; step++) {
    await world.clock.advance(minute - 1);
    if (step % 2) await study.report(job, step, 0.5);
    else await study.renew(job);
  }
  await world.clock.advance(minute - 1);
  assert.equal((await study.take('b')).trial, 2);
  await world.clock.advance(1);
  assert.deepEqual(await study.take('c'), { trial: 1, attempt: 2, from: 0, to: 9 });
});

test('expiry is soft: until the trial is lent again its holder may come back', async (t) => {
  const world = await EngineWorld.open(t);
  const study = await world.create({ ...single(9), limits: { maxParallelTrials: 1 } });
  const job = await study.take('a');
  await world.clock.advance(5 * minute);
  assert.equal((await study.trial(1)).state, TrialState.ACTIVE);
  assert.deepEqual(await study.report(job, 1, 0.5), { kind: Kind.CONTINUE, until: 9 });
  // Revived: it is nobody else's, and counted as parallel all along.
  assert.deepEqual((await study.ask('b')).trials, []);
  const { expiries, attempts } = await study.trial(1);
  assert.deepEqual({ expiries, attempts }, { expiries: 0, attempts: 1 });
});

test('a revived lease ends again by itself, though nobody asks', async (t) => {
  const world = await EngineWorld.open(t);
  const study = await world.create(single(9));
  const jobs = [await study.take('a'), await study.take('b')];
  await world.clock.advance(minute);
  await study.report(jobs[0]!, 1, 0.5);
  await study.stop(1);
  await world.clock.advance(minute);
  await study.settled();
  assert.equal((await study.trial(1)).state, TrialState.STOPPED);
  await study.renew(jobs[1]!);
  await study.stop(2);
  await world.clock.advance(minute);
  await study.settled();
  assert.equal((await study.trial(2)).state, TrialState.STOPPED);
});

test('a call under an old attempt is refused and changes nothing', async (t) => {
  const world = await EngineWorld.open(t);
  const study = await world.create(asha());
  const old = await study.take('a');
  await world.clock.advance(minute);
  const newer = await study.take('b');
  const before = await study.trial(1);
  const stale = { reason: 'STALE_ATTEMPT' };
  await assert.rejects(study.report(old, 1, 0.5), stale);
  await assert.rejects(study.renew(old), stale);
  await assert.rejects(study.release(old), stale);
  await assert.rejects(study.complete(old), stale);
  await assert.rejects(study.fail(old), stale);
  assert.deepEqual(await study.trial(1), before);
  assert.deepEqual(await study.measurements(1, true), []);
  assert.equal((await study.report(newer, 1, 0.5)).kind, Kind.PAUSE);
});

test('an attempt that was never given is an invalid argument', async (t) => {
  const world = await EngineWorld.open(t);
  const study = await world.create(single(9));
  const { trial } = await study.take('a');
  for (const attempt of [0, -1, 2])
    await assert.rejects(study.report({ trial, attempt }, 1, 0.5), { reason: 'INVALID_FIELD' });
});

test('a lease that expired max_attempts times makes the trial FAILED, ABANDONED', async (t) => {
  const world = await EngineWorld.open(t);
  const study = await world.create({ ...single(9), limits: { maxAttempts: 3, maxTrials: 2 } });
  for (let attempt = 1; attempt <= 3; attempt++) {
    assert.deepEqual(await study.take(`w${attempt}`), { trial: 1, attempt, from: 0, to: 9 });
    await world.clock.advance(minute);
  }
  const { state, endReason, attempts } = await study.trial(1);
  assert.deepEqual(
    { state, endReason, attempts },
    { state: TrialState.FAILED, endReason: TrialEndReason.ABANDONED, attempts: 3 },
  );
  await assert.rejects(study.report({ trial: 1, attempt: 3 }, 1, 0.5), { reason: 'TRIAL_ENDED' });
  assert.equal((await study.take('w4')).trial, 2);
});

test('only expiries count toward max_attempts: giving back and recovering do not', async (t) => {
  const world = await EngineWorld.open(t);
  const study = await world.create({ ...single(9), limits: { maxAttempts: 2 } });
  for (let attempt = 1; attempt <= 6; attempt += 2) {
    assert.equal((await study.take('a')).attempt, attempt);
    const recovered = await study.take('a');
    assert.equal(recovered.attempt, attempt + 1);
    await study.release(recovered);
  }
  assert.equal((await study.trial(1)).expiries, 0);
});

test('the expiry that a restart interrupts starts anew, and what was counted stays counted', async (t) => {
  const world = await EngineWorld.open(t);
  const study = await world.create({ ...single(9), limits: { maxAttempts: 2 } });
  await study.take('a');
  await world.clock.advance(minute);
  await study.take('b');
  await world.clock.advance(minute - 1);
  await world.restart();
  assert.deepEqual(
    (await study.ask('c', { count: 1 })).trials.map(({ id }) => id),
    [2],
  );
  await world.clock.advance(minute - 1);
  assert.equal((await study.trial(1)).state, TrialState.ACTIVE);
  await world.clock.advance(1);
  await study.settled();
  assert.equal((await study.trial(1)).endReason, TrialEndReason.ABANDONED);
});

test('a stop that its worker is not told of takes effect when the lease ends', async (t) => {
  const world = await EngineWorld.open(t);
  const study = await world.create(ashaStopping());
  const job = await study.take('a');
  assert.equal((await study.stop(job.trial)).state, TrialState.STOPPING);
  await world.clock.advance(minute);
  await study.settled();
  const { state, endReason } = await study.trial(1);
  assert.deepEqual(
    { state, endReason },
    { state: TrialState.STOPPED, endReason: TrialEndReason.STOPPED_BY_USER },
  );
});

test('a stopped trial ends with the next thing that its worker hears', async (t) => {
  const world = await EngineWorld.open(t);
  const study = await world.create(single(9));
  const reports = await study.take('a');
  const renews = await study.take('b');
  const releases = await study.take('c');
  for (const { trial } of [reports, renews, releases]) await study.stop(trial);
  assert.equal((await study.report(reports, 1, 0.5)).kind, Kind.STOP);
  assert.equal((await study.renew(renews)).directive?.kind, Kind.STOP);
  assert.equal((await study.release(releases)).state, TrialState.STOPPED);
  assert.deepEqual(
    (await study.trials()).map(({ state }) => state),
    [TrialState.STOPPED, TrialState.STOPPED, TrialState.STOPPED],
  );
  assert.equal((await study.trial(1)).finalMeasurement?.step, 1);
  assert.equal((await study.stop(1)).state, TrialState.STOPPED);
});

test('a hung job that only renews loses its lease after max_time_without_progress', async (t) => {
  const world = await EngineWorld.open(t);
  const study = await world.create({ ...single(9), limits: { maxTimeWithoutProgress: { seconds: 150 } } });
  const job = await study.take('a');
  await study.report(job, 1, 0.5);
  for (let i = 0; i < 5; i++) {
    await world.clock.advance(minute / 2);
    await study.renew(job);
  }
  // The last renewal that counted was at 150 s; known steps are no progress.
  await world.clock.advance(minute / 2);
  await study.report(job, 1, 0.5);
  await study.renew(job);
  assert.equal((await study.take('b')).trial, 2);
  await world.clock.advance(minute / 2);
  assert.deepEqual(await study.take('c'), { trial: 1, attempt: 2, from: 0, to: 9 });
});

test('a new step after a pause without progress renews again', async (t) => {
  const world = await EngineWorld.open(t);
  const study = await world.create({ ...single(9), limits: { maxTimeWithoutProgress: { seconds: 30 } } });
  const job = await study.take('a');
  await world.clock.advance(minute - 1);
  await study.report(job, 1, 0.5);
  await world.clock.advance(minute - 1);
  assert.equal((await study.take('b')).trial, 2);
  assert.equal((await study.ask('x')).studyState, StudyState.ACTIVE);
});

test('a jump of the wall clock neither ends nor extends a lease', async (t) => {
  const world = await EngineWorld.open(t);
  const study = await world.create({ ...single(9), limits: { maxTrials: 1 } });
  await study.take('a');
  world.clock.jump(30 * 24 * 60 * minute);
  await world.clock.advance(minute - 1);
  assert.deepEqual((await study.ask('b')).trials, []);
  world.clock.jump(-60 * 24 * 60 * minute);
  await world.clock.advance(1);
  assert.equal((await study.take('b')).attempt, 2);
});
