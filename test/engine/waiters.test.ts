/** Askers for whom there is nothing yet. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { StudyState } from '../../server/gen/wazir/v1/trial.js';
import { EngineWorld } from './engine-world.js';
import { jobOf, type StudyDriver } from './study-driver.js';
import { single } from './study-specs.js';

const minute = 60_000;

function wait(study: StudyDriver, clients: readonly string[], order: string[]) {
  return clients.map(async (client) => {
    const answer = await study.ask(client, {}, { waitMs: 10 * minute });
    order.push(client);
    return answer;
  });
}

test('are served first come, first served, one for each trial that frees up', async (t) => {
  const world = await EngineWorld.open(t);
  const study = await world.create({ ...single(1), limits: { maxParallelTrials: 2 } });
  const jobs = [await study.take('x'), await study.take('y')];
  const order: string[] = [];
  const waiting = wait(study, ['a', 'b', 'c', 'd'], order);
  await study.settled();
  assert.equal((await study.study()).waiters.size, 4);
  await study.report(jobs[0]!, 1, 0);
  await waiting[0];
  await study.report(jobs[1]!, 1, 0);
  const second = await waiting[1]!;
  assert.deepEqual(order, ['a', 'b']);
  await study.fail(jobOf(second.trials[0]!));
  await study.stop((await waiting[0]!).trials[0]!.id);
  assert.deepEqual((await waiting[2]!).trials[0]!.clientId, 'c');
  assert.deepEqual(order, ['a', 'b', 'c']);
  await study.update({ spec: { limits: { maxParallelTrials: 4 } } });
  await waiting[3];
});

test('who comes later is not served before them, though a timer is late', async (t) => {
  const world = await EngineWorld.open(t);
  const study = await world.create({ ...single(1), limits: { maxTrials: 1 } });
  await study.take('x');
  const order: string[] = [];
  const [first] = wait(study, ['a'], order);
  await study.settled();
  world.clock.stall(2 * minute);
  assert.deepEqual((await study.ask('late')).trials, []);
  assert.equal((await first!).trials[0]!.clientId, 'a');
});

test('what a late look at the leases sets free is handed out at once', async (t) => {
  const world = await EngineWorld.open(t);
  const scheduler = { kind: { $case: 'successiveHalving', value: { eta: 2, trials: 3 } } } as const;
  const study = await world.create({ ...single(2), scheduler, limits: { maxAttempts: 1 } });
  for (const client of ['a', 'b']) await study.report(await study.take(client), 1, 0);
  await study.take('c');
  world.clock.stall(2 * minute);
  // The third is FAILED by now, which closes the rung, and its savers are late.
  assert.deepEqual(await study.take('d'), { trial: 1, attempt: 2, from: 0, to: 2 });
});

test('are answered with nothing when their time is up, told when to ask again', async (t) => {
  const world = await EngineWorld.open(t);
  const study = await world.create({ ...single(9), limits: { maxTrials: 1 } });
  const job = await study.take('x');
  const waiting = study.ask('a', {}, { waitMs: 5000 });
  await study.settled();
  await world.clock.advance(4999);
  assert.equal((await study.study()).waiters.size, 1);
  await study.renew(job);
  await world.clock.advance(1);
  const { trials, studyState, retryAfter } = await waiting;
  assert.deepEqual([trials, studyState], [[], StudyState.ACTIVE]);
  assert.notEqual(retryAfter, undefined);
  assert.equal((await study.study()).waiters.size, 0);
});

test('a cancelled one leaves nothing behind: no place in the line, no timer, no lease', async (t) => {
  const world = await EngineWorld.open(t);
  const study = await world.create({ ...single(9), limits: { maxParallelTrials: 1 } });
  const job = await study.take('x');
  const timers = world.clock.timers;
  const controller = new AbortController();
  const gone = study.ask('a', { requestId: 'r' }, { waitMs: minute, signal: controller.signal });
  await study.settled();
  controller.abort();
  await assert.rejects(gone, { reason: 'CANCELLED' });
  assert.deepEqual([(await study.study()).waiters.size, world.clock.timers], [0, timers]);
  await study.fail(job);
  assert.equal((await study.trials()).length, 1);
  const aborted = AbortSignal.abort();
  await assert.rejects(study.ask('a', {}, { waitMs: minute, signal: aborted }), { reason: 'CANCELLED' });
  assert.equal((await study.trials()).length, 1);
  // The id was not used up.
  assert.equal((await study.take('a', { requestId: 'r' })).trial, 2);
});

test('who is cancelled once it has been served keeps its lease, and gets it back by its name', async (t) => {
  const world = await EngineWorld.open(t);
  const study = await world.create({ ...single(9), limits: { maxParallelTrials: 1 } });
  const job = await study.take('x');
  const controller = new AbortController();
  const served = study.ask('a', { requestId: 'r' }, { waitMs: minute, signal: controller.signal });
  await study.settled();
  const { waiters } = await study.study();
  const failing = study.fail(job);
  while (waiters.size > 0) await Promise.resolve();
  controller.abort();
  await failing;
  await served.catch(() => undefined);
  const again = await study.ask('a', { requestId: 'r' });
  assert.deepEqual(again.trials.map(jobOf), [{ trial: 2, attempt: 1, from: 0, to: 9 }]);
  assert.deepEqual((await study.ask('a')).trials.map(jobOf), [{ trial: 2, attempt: 2, from: 0, to: 9 }]);
});

test('of two under one name the second takes nothing away from the first', async (t) => {
  const world = await EngineWorld.open(t);
  const study = await world.create({ ...single(9), limits: { maxParallelTrials: 1 } });
  const job = await study.take('x');
  const [first, second] = wait(study, ['a', 'a'], []);
  await study.settled();
  await study.fail(job);
  const got = jobOf((await first!).trials[0]!);
  assert.deepEqual(got, { trial: 2, attempt: 1, from: 0, to: 9 });
  await study.report(got, 1, 0.5);
  assert.equal((await study.study()).waiters.size, 1);
  await study.fail(got);
  assert.deepEqual((await second!).trials.map(jobOf), [{ trial: 3, attempt: 1, from: 0, to: 9 }]);
});

test('of a paused study are served when it goes on', async (t) => {
  const world = await EngineWorld.open(t);
  const study = await world.create(single(9));
  const job = await study.take('x');
  await study.update({ state: StudyState.PAUSED });
  const waiting = study.ask('a', {}, { waitMs: 10 * minute });
  assert.equal((await study.ask('b')).studyState, StudyState.PAUSED);
  // Leases live, and reports are taken.
  await study.report(job, 1, 0.5);
  await world.clock.advance(minute / 2);
  await study.update({ state: StudyState.ACTIVE });
  assert.equal((await waiting).trials[0]!.id, 2);
});

test('all hear of the end, of the deletion, and of the shutdown', async (t) => {
  const world = await EngineWorld.open(t);
  const limits = { maxTrials: 1 };
  const [ends, deleted, drained] = [
    await world.create({ ...single(1), limits }),
    await world.create({ ...single(1), limits }),
    await world.create({ ...single(1), limits }),
  ];
  const job = await ends.take('x');
  for (const study of [deleted, drained]) await study.take('x');
  const clients = ['a', 'b', 'c'];
  const park = (study: StudyDriver) => wait(study, clients, []);
  const [first, second, third] = [park(ends), park(deleted), park(drained)];
  await drained.settled();
  await ends.report(job, 1, 0.5);
  for (const answer of await Promise.all(first)) assert.equal(answer.studyState, StudyState.COMPLETED);
  const refused = Promise.all(second.map((it) => assert.rejects(it, { reason: 'STUDY_NOT_FOUND' })));
  await world.delete(deleted);
  await refused;
  const draining = Promise.all(third.map((it) => assert.rejects(it, { reason: 'DRAINING' })));
  await world.engine.drain();
  await draining;
  assert.equal((await drained.study()).waiters.size, 0);
});
