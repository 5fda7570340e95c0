/** Request ids: a retry has one effect and gets the first answer. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  CreateStudyRequest,
  DeleteStudyRequest,
  UpdateStudyRequest,
} from '../../server/gen/wazir/v1/study.js';
import { createStudy } from '../../server/engine/commands/create-study.js';
import { deleteStudy } from '../../server/engine/commands/delete-study.js';
import { updateStudy } from '../../server/engine/commands/update-study.js';
import { EngineWorld } from './engine-world.js';
import { measurementOf, type Job, type StudyDriver } from './study-driver.js';
import { asha, single } from './study-specs.js';

const minute = 60_000;
const day = 24 * 60 * minute;
const reused = { reason: 'REQUEST_ID_REUSED' };

/** One call of each mutating method, and the same call with another body. */
async function calls(study: StudyDriver) {
  const jobs: Job[] = [];
  for (const client of ['a', 'b', 'c', 'd', 'e']) jobs.push(await study.take(client));
  await study.fail(jobs[4]!);
  const at = (value: number) => [{ name: 'x', value: { kind: { $case: 'doubleValue' as const, value } } }];
  const metadata = (text: string) => [
    { trial: 0, metadata: { key: 'k', value: { $case: 'text' as const, value: text } } },
  ];
  const complete = (loss: number) => ({
    requestId: 'complete',
    finalMeasurement: measurementOf(1, { loss }),
  });
  const rename = async (displayName: string) => {
    const given = { study: { displayName }, requestId: 'update' };
    return updateStudy(await study.study(), UpdateStudyRequest.fromPartial(given));
  };
  return [
    [() => study.ask('f', { requestId: 'ask' }), () => study.ask('f', { requestId: 'ask', count: 2 })],
    [
      () => study.release(jobs[0]!, undefined, 'release'),
      () => study.release(jobs[1]!, undefined, 'release'),
    ],
    [() => study.complete(jobs[1]!, complete(1)), () => study.complete(jobs[1]!, complete(2))],
    [() => study.stop(3, 'stop'), () => study.stop(3, 'ask')],
    [() => study.add({ parameters: at(0.5) }, 'add'), () => study.add({ parameters: at(0.25) }, 'add')],
    [() => study.remove(5, 'remove'), () => study.stop(4, 'remove')],
    [() => study.annotate(metadata('v'), 'annotate'), () => study.annotate(metadata('w'), 'annotate')],
    [() => rename('one'), () => rename('two')],
  ] as [() => Promise<unknown>, () => Promise<unknown>][];
}

test('a retry gets the first answer and changes nothing, at once, later, and after a restart', async (t) => {
  const world = await EngineWorld.open(t);
  const study = await world.create(single(9));
  const all = await calls(study);
  const first = await Promise.all(
    all.map(async ([call]) => {
      // In flight, the second joins the first.
      const answers = await Promise.all([call(), call()]);
      assert.deepEqual(answers[1], answers[0]);
      return answers[0];
    }),
  );
  const before = await study.get();
  for (const again of ['in memory', 'restarted']) {
    if (again === 'restarted') await world.restart();
    for (const [i, [call]] of all.entries()) assert.deepEqual(plain(await call()), plain(first[i]), again);
    assert.deepEqual(plain(await study.get()), plain(before), again);
  }
});

/** As it is when it has been encoded: without what is not set. */
function plain(answer: unknown): unknown {
  return answer === undefined ? undefined : JSON.parse(JSON.stringify(answer));
}

test('the same id with another body is refused, in flight and later, and changes nothing', async (t) => {
  const world = await EngineWorld.open(t);
  const study = await world.create(single(9));
  for (const [call, other] of await calls(study)) {
    const under = call();
    await assert.rejects(Promise.all([under, settles(other)]), reused);
    await under;
    const before = await study.get();
    await assert.rejects(other(), reused);
    assert.deepEqual(await study.get(), before);
  }
});

/** Runs the call once the one before it is under way. */
async function settles(call: () => Promise<unknown>): Promise<unknown> {
  await Promise.resolve();
  return call();
}

test('an answer without a trial is not kept: the id asks anew', async (t) => {
  const world = await EngineWorld.open(t);
  const study = await world.create({ ...single(9), limits: { maxParallelTrials: 1 } });
  const job = await study.take('a');
  assert.deepEqual((await study.ask('b', { requestId: 'r' })).trials, []);
  await study.fail(job);
  assert.equal((await study.take('b', { requestId: 'r' })).trial, 2);
});

test('a refused call leaves its id free', async (t) => {
  const world = await EngineWorld.open(t);
  const study = await world.create(single(9));
  const job = await study.take('a');
  await assert.rejects(study.complete(job, { requestId: 'r' }), { reason: 'NO_MEASUREMENT' });
  await study.report(job, 1, 0.5);
  const ended = await study.complete(job, { requestId: 'r' });
  assert.deepEqual(plain(await study.complete(job, { requestId: 'r' })), plain(ended));
});

test('a second caller of the same id, whose first was cancelled, takes its place', async (t) => {
  const world = await EngineWorld.open(t);
  const study = await world.create({ ...single(9), limits: { maxParallelTrials: 1 } });
  const job = await study.take('a');
  const controller = new AbortController();
  const first = study.ask('b', { requestId: 'r' }, { waitMs: minute, signal: controller.signal });
  const second = study.ask('b', { requestId: 'r' }, { waitMs: minute });
  await study.settled();
  const cancelled = assert.rejects(first, { reason: 'CANCELLED' });
  controller.abort();
  await cancelled;
  await study.settled();
  await study.fail(job);
  assert.equal((await second).trials[0]!.id, 2);
});

test('an id is forgotten only after 24 hours and 10,000 later ones', async (t) => {
  const world = await EngineWorld.open(t);
  const study = await world.create(asha());
  const first = await study.ask('a', { requestId: 'first' });
  const burst = async (name: string, count: number) => {
    const target = await study.study();
    const rename = (i: number) =>
      updateStudy(
        target,
        UpdateStudyRequest.fromPartial({ study: { displayName: name }, requestId: `${name}${i}` }),
      );
    await Promise.all(Array.from({ length: count }, (_, i) => rename(i)));
  };
  const isKnown = async () =>
    (await study.ask('a', { requestId: 'first' })).trials[0]!.assignment!.attempt === 1;
  await burst('x', 10_000);
  assert.ok(await isKnown(), '10,000 later ones within the day');
  await world.clock.advance(day - 1);
  await burst('y', 10);
  assert.ok(await isKnown(), 'within the day');
  await world.restart();
  await world.clock.advance(60 * minute - 1);
  await burst('z', 1);
  assert.ok(await isKnown(), 'within an hour of a restart');
  await world.clock.advance(1);
  assert.ok(await isKnown(), 'nothing has been recorded since');
  await burst('last', 1);
  assert.equal(await isKnown(), false);
  assert.equal(first.trials[0]!.id, 1);
});

test('few ids are kept however old they are', async (t) => {
  const world = await EngineWorld.open(t);
  const study = await world.create(single(9));
  const first = await study.ask('a', { requestId: 'first' });
  await world.clock.advance(30 * day);
  for (let i = 0; i < 20; i++) await study.stop((await study.take('b')).trial, `stop${i}`);
  await world.restart();
  assert.deepEqual(plain(await study.ask('a', { requestId: 'first' })), plain(first));
});

test('studies are created and deleted once by request id, also after a restart', async (t) => {
  const world = await EngineWorld.open(t);
  const create = (studyId: string, requestId: string) => {
    const metrics = [{ name: 'loss', goal: 2 }];
    const parameters = [{ name: 'x', domain: { $case: 'double' as const, value: { min: 0, max: 1 } } }];
    const given = { studyId, requestId, study: { spec: { metrics, parameters } } };
    return createStudy(world.engine, 'test', CreateStudyRequest.fromPartial(given));
  };
  const remove = (requestId: string) =>
    deleteStudy(world.engine, { owner: 'test', study: 'one' }, DeleteStudyRequest.fromPartial({ requestId }));
  const [first, joined] = await Promise.all([create('one', 'c'), create('one', 'c')]);
  assert.deepEqual(plain(joined), plain(first));
  await world.restart();
  assert.deepEqual(plain(await create('one', 'c')), plain(first));
  await assert.rejects(create('two', 'c'), reused);
  await assert.rejects(create('one', 'd'), { reason: 'STUDY_EXISTS' });
  await remove('r');
  await world.restart();
  await remove('r');
  await assert.rejects(remove('s'), { reason: 'STUDY_NOT_FOUND' });
  // The answer tells of a study that has gone since.
  assert.deepEqual(plain(await create('one', 'c')), plain(first));
  assert.notEqual((await create('one', 'e')).uid, first.uid);
});

test('an answer that changes nothing is kept too: its id can not be used again for something else', async (t) => {
  const world = await EngineWorld.open(t);
  const study = await world.create(single(9));
  const first = await study.take('a');
  const second = await study.take('b');
  await study.complete(first, { finalMeasurement: measurementOf(1, { loss: 1 }) });
  await study.complete(first, { requestId: 'again' });
  await assert.rejects(study.complete(second, { requestId: 'again' }), reused);
  await study.release(first, undefined, 'late');
  await assert.rejects(study.release(second, undefined, 'late'), reused);
  await study.stop(second.trial);
  await study.release(second);
  await study.stop(second.trial, 'stop');
  await assert.rejects(study.remove(second.trial, 'stop'), reused);
});
