/** The wall clock is set, by little or by a year, in one process and between two. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createStudy } from '../../server/engine/commands/create-study.js';
import { updateStudy } from '../../server/engine/commands/update-study.js';
import { SteadyTime } from '../../server/engine/steady-time.js';
import { CreateStudyRequest, UpdateStudyRequest } from '../../server/gen/wazir/v1/study.js';
import { StudyState } from '../../server/gen/wazir/v1/trial.js';
import { keys } from '../../server/store/keys.js';
import { EngineWorld } from './engine-world.js';
import { FakeClock } from './fake-clock.js';
import type { StudyDriver } from './study-driver.js';
import { single } from './study-specs.js';

const minute = 60_000;
const hour = 60 * minute;
const day = 24 * hour;
const year = 365 * day;

test('steady time goes on as it was, and tells ages', async () => {
  const clock = new FakeClock();
  const start = clock.wall();
  const time = new SteadyTime(clock);
  clock.jump(year);
  await clock.advance(minute);
  assert.equal(time.now(), start + minute);
  assert.equal(time.ageOf(start), minute);
  // Made after the clock was set: its age by the clock that it bears.
  const later = clock.wall();
  assert.equal(time.ageOf(later), 0);
  await clock.advance(hour);
  assert.equal(time.ageOf(later), hour);
  clock.jump(-2 * year);
  // Yet to come by both: it is as old as the process at the least.
  assert.equal(time.ageOf(later), hour + minute);
  assert.equal(time.ageOf(start), hour + minute);
});

/** Fills the study's log so far that its oldest ids may be forgotten. */
async function burst(study: StudyDriver, name: string, count = 10_001): Promise<void> {
  const target = await study.study();
  const rename = (i: number) =>
    updateStudy(
      target,
      UpdateStudyRequest.fromPartial({ study: { displayName: name }, requestId: `${name}${i}` }),
    );
  await Promise.all(Array.from({ length: count }, (_, i) => rename(i)));
}

for (const [what, jump] of [
  ['forwards', year],
  ['backwards', -year],
] as const) {
  test(`${what}, in one process: the window of request ids is neither shorter nor longer`, async (t) => {
    const world = await EngineWorld.open(t);
    const study = await world.create(single(9));
    const isKnown = async () =>
      (await study.ask('a', { requestId: 'first' })).trials[0]!.assignment!.attempt === 1;
    await isKnown();
    world.clock.jump(jump);
    await burst(study, 'x');
    assert.ok(await isKnown());
    await world.clock.advance(day - 1);
    await burst(study, 'y', 3);
    assert.ok(await isKnown());
    await world.clock.advance(1);
    await burst(study, 'z', 1);
    assert.equal(await isKnown(), false);
  });

  test(`${what}, between two processes: ids are kept for an hour at least, for a day at most`, async (t) => {
    const world = await EngineWorld.open(t);
    const study = await world.create(single(9));
    const isKnown = async () =>
      (await study.ask('a', { requestId: 'first' })).trials[0]!.assignment!.attempt === 1;
    await isKnown();
    await burst(study, 'x');
    world.clock.jump(jump);
    await world.restart();
    await world.clock.advance(hour - 1);
    await burst(study, 'y', 3);
    assert.ok(await isKnown());
    await world.clock.advance(day);
    await burst(study, 'z', 1);
    assert.equal(await isKnown(), false);
  });

  test(`${what}: leases last as long as ever`, async (t) => {
    const world = await EngineWorld.open(t);
    const study = await world.create({
      ...single(9),
      limits: { maxTrials: 1, maxTimeWithoutProgress: { seconds: 90 } },
    });
    const job = await study.take('a');
    world.clock.jump(jump);
    await world.clock.advance(minute - 1);
    assert.deepEqual((await study.ask('b')).trials, []);
    await study.renew(job);
    await world.clock.advance(minute - 1);
    // No step for more than 90 s: this one renews nothing.
    world.clock.jump(-jump);
    await study.renew(job);
    assert.deepEqual((await study.ask('b')).trials, []);
    world.clock.jump(jump);
    await world.restart();
    // Leases run anew from when the study is first used.
    await study.get();
    await world.clock.advance(minute - 1);
    assert.deepEqual((await study.ask('b')).trials, []);
    await world.clock.advance(1);
    assert.equal((await study.take('b')).attempt, 2);
  });

  test(`${what}, in one process: max_duration is neither reached nor put off`, async (t) => {
    const world = await EngineWorld.open(t);
    const spec = { ...single(9), limits: { maxDuration: { seconds: 3600 } } };
    const [study, reloaded] = [await world.create(spec), await world.create(spec)];
    await world.clock.advance(minute);
    world.clock.jump(jump);
    // One that is made after the jump.
    const later = await world.create(spec);
    await reloaded.reload();
    await world.clock.advance(hour - minute - 1);
    for (const each of [study, reloaded, later]) await each.take('a');
    await world.clock.advance(1);
    for (const each of [study, reloaded]) assert.deepEqual((await each.ask('b')).trials, []);
    await later.reload();
    await world.clock.advance(minute);
    assert.deepEqual((await later.ask('b')).trials, []);
  });
}

test('set back between two processes max_duration runs anew, once; set forwards it ends, and raising it goes on', async (t) => {
  const world = await EngineWorld.open(t);
  const spec = { ...single(9), limits: { maxDuration: { seconds: 3600 } } };
  const [back, forwards] = [await world.create(spec), await world.create(spec)];
  await world.clock.advance(hour / 2);
  world.clock.jump(-year);
  await world.restart();
  await world.clock.advance(hour - 1);
  await back.take('a');
  await world.clock.advance(1);
  assert.equal((await back.ask('b')).trials.length, 0);
  world.clock.jump(2 * year);
  await world.restart();
  assert.equal((await forwards.ask('a')).studyState, StudyState.COMPLETED);
  const raised = await forwards.update({ spec: { limits: { maxDuration: { seconds: 4 * 365 * 86_400 } } } });
  assert.equal(raised.state, StudyState.ACTIVE);
  await forwards.take('a');
});

/** The ids that are kept with the owner. */
async function ownerIds(world: EngineWorld): Promise<string[]> {
  const ids: string[] = [];
  for await (const [key] of world.store.iterate(keys.ownerRequestsOf('test')))
    ids.push(key.slice(keys.ownerRequest('test', '').length));
  return ids;
}

test('ids of creations and deletions: all old ones are forgotten in turn, no young one', async (t) => {
  const world = await EngineWorld.open(t);
  const study = await world.create(single(9));
  const { spec } = await study.get();
  let made = 0;
  const create = (requestId: string) =>
    createStudy(
      world.engine,
      'test',
      CreateStudyRequest.fromPartial({ study: { spec: spec! }, requestId, studyId: `n${made++}` }),
    );
  for (let i = 0; i < 20; i++) await create(`old${i}`);
  // Young ones that come before them in the order of keys must not hide them.
  await world.clock.advance(day - 1);
  for (let i = 0; i < 20; i++) await create(`a${i}`);
  assert.equal((await ownerIds(world)).length, 40);
  world.clock.jump(year);
  for (let i = 0; i < 20; i++) await create(`b${i}`);
  assert.equal((await ownerIds(world)).length, 60);
  await world.clock.advance(1);
  for (let i = 0; i < 80; i++) await create(`c${i}`);
  const left = await ownerIds(world);
  assert.deepEqual(
    left.filter((id) => id.startsWith('old')),
    [],
  );
  assert.equal(left.length, 120);
});

test('ids of creations over a restart with the clock set: kept for an hour at least, not for ever', async (t) => {
  const world = await EngineWorld.open(t);
  const study = await world.create(single(9));
  const { spec } = await study.get();
  let made = 0;
  const create = (requestId: string) =>
    createStudy(
      world.engine,
      'test',
      CreateStudyRequest.fromPartial({ study: { spec: spec! }, requestId, studyId: `n${made++}` }),
    );
  for (const jump of [year, -2 * year]) {
    for (let i = 0; i < 5; i++) await create(`old${jump}${i}`);
    world.clock.jump(jump);
    await world.restart();
    await world.clock.advance(hour - 1);
    for (let i = 0; i < 100; i++) await create(`a${jump}${i}`);
    assert.equal((await ownerIds(world)).filter((id) => id.startsWith('old')).length, 5);
    await world.clock.advance(day + 1);
    for (let i = 0; i < 100; i++) await create(`b${jump}${i}`);
    assert.equal((await ownerIds(world)).filter((id) => id.startsWith('old')).length, 0);
  }
});
