/** So many askers wait that one turn of the event loop must not answer them all. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { StudyState } from '../../server/gen/wazir/v1/trial.js';
import { EngineWorld } from './engine-world.js';
import type { StudyDriver } from './study-driver.js';
import { single } from './study-specs.js';

const minute = 60_000;
const many = 1000;

/** A study whose only place is held, and so many who wait for another. */
async function crowd(world: EngineWorld, count = many) {
  const study = await world.create({ ...single(9), limits: { maxParallelTrials: 1 } });
  const job = await study.take('holder');
  const order: string[] = [];
  const calls = Array.from({ length: count }, (_, i) =>
    study.ask(`w${i}`, {}, { waitMs: 10 * minute }).then(
      (answer) => {
        order.push(`w${i}`);
        return answer;
      },
      (error: { reason: string }) => error.reason,
    ),
  );
  await study.settled();
  assert.equal((await study.study()).waiters.size, count);
  return { study, job, order, calls };
}

const raise = (study: StudyDriver) => study.update({ spec: { limits: { maxParallelTrials: 5000 } } });

test('are served in their order, and who comes meanwhile goes to the end of the line', async (t) => {
  const world = await EngineWorld.open(t);
  const { study, order, calls } = await crowd(world);
  const { waiters } = await study.study();
  const raised = raise(study);
  while (waiters.size === many) await Promise.resolve();
  // In the middle of it.
  assert.ok(waiters.isServing && waiters.size > 0, `${waiters.size} still wait`);
  const late = study.ask('late', {}, { waitMs: minute });
  const impatient = study.ask('impatient');
  const answers = await Promise.all(calls);
  await raised;
  assert.deepEqual(
    order,
    calls.map((_, i) => `w${i}`),
  );
  const ids = answers.map((answer) => (typeof answer === 'string' ? answer : answer.trials[0]!.id));
  assert.deepEqual(
    ids,
    ids.map((_, i) => i + 2),
  );
  assert.equal((await late).trials[0]!.id, many + 2);
  const { trials, retryAfter } = await impatient;
  assert.deepEqual([trials, retryAfter !== undefined], [[], true]);
  assert.deepEqual([waiters.size, waiters.isServing, world.engine.home.waiting.total], [0, false, 0]);
});

test('who had a trial and comes back meanwhile gets it back', async (t) => {
  const world = await EngineWorld.open(t);
  const { study, job, calls } = await crowd(world);
  const { waiters } = await study.study();
  const raised = raise(study);
  while (waiters.size === many) await Promise.resolve();
  const back = study.ask('holder', {}, { waitMs: minute });
  await Promise.all([raised, ...calls]);
  assert.deepEqual(
    (await back).trials.map(({ id, attempts }) => [id, attempts]),
    [[job.trial, 2]],
  );
});

test('others are served in between', async (t) => {
  const world = await EngineWorld.open(t);
  for (const release of [raise, (study: StudyDriver) => study.update({ state: StudyState.COMPLETED })]) {
    const { study, calls } = await crowd(world);
    const { waiters } = await study.study();
    const released = release(study);
    const left: number[] = [];
    while (waiters.size > 0) {
      await setImmediate();
      left.push(waiters.size);
    }
    // A portion a turn, not all in one.
    assert.ok(left.length >= 5, left.join());
    await Promise.all([released, ...calls]);
  }
});

test('an end, a drain, a deletion and their own departure release all, and leave nothing behind', async (t) => {
  const world = await EngineWorld.open(t);
  const timers = world.clock.timers;
  const ends = await crowd(world);
  await ends.study.update({ state: StudyState.COMPLETED });
  for (const answer of await Promise.all(ends.calls))
    assert.ok(typeof answer !== 'string' && answer.studyState === StudyState.COMPLETED);
  const deleted = await crowd(world);
  await world.delete(deleted.study);
  for (const answer of await Promise.all(deleted.calls)) assert.equal(answer, 'STUDY_NOT_FOUND');
  const timed = await crowd(world);
  await timed.study.update({ state: StudyState.PAUSED });
  assert.equal((await timed.study.study()).waiters.size, many);
  await world.clock.advance(10 * minute);
  for (const answer of await Promise.all(timed.calls))
    assert.ok(typeof answer !== 'string' && answer.trials.length === 0 && answer.retryAfter);
  assert.equal(world.engine.home.waiting.total, 0);
  const drained = await crowd(world);
  assert.equal(world.engine.home.waiting.of('test'), many);
  await world.engine.drain();
  for (const answer of await Promise.all(drained.calls)) assert.equal(answer, 'DRAINING');
  assert.equal(world.engine.home.waiting.total, 0);
  // One for the sweep, and one for each lease that still runs.
  assert.ok(world.clock.timers <= timers + 4, `${world.clock.timers} timers`);
});

test('what happens in a study does not look at all who wait', async (t) => {
  const world = await EngineWorld.open(t);
  const { study, job, calls } = await crowd(world, 5000);
  const { waiters } = await study.study();
  let tried = 0;
  const serve = waiters.serve.bind(waiters);
  waiters.serve = () => {
    tried++;
    serve();
  };
  const { scheduler } = await study.study();
  let decisions = 0;
  const asked = scheduler.decide.bind(scheduler);
  scheduler.decide = (canStart) => {
    decisions++;
    return asked(canStart);
  };
  for (let step = 1; step <= 5; step++) await study.report(job, step, 0.5);
  await study.renew(job);
  await study.annotate([{ trial: 0, metadata: { key: 'k', value: { $case: 'text', value: 'v' } } }]);
  assert.ok(tried >= 5);
  assert.ok(decisions <= 4 * tried, `${decisions} decisions for ${tried} events`);
  await world.engine.drain();
  await Promise.all(calls);
});
