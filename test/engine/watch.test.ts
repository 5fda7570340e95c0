/** Watching a study: the latest states of what has changed, from any number, in order. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { watch } from '../../server/engine/watch.js';
import type { WatchStudyResponse } from '../../server/gen/wazir/v1/study.js';
import { TrialState } from '../../server/gen/wazir/v1/trial.js';
import { EngineWorld } from './engine-world.js';
import { measurementOf, type StudyDriver } from './study-driver.js';
import { asha, single } from './study-specs.js';

/** Collects what a watcher is sent, in the background. */
class Reader {
  readonly got: WatchStudyResponse[] = [];
  readonly #controller = new AbortController();
  readonly done: Promise<unknown>;

  private constructor(responses: (signal: AbortSignal) => AsyncGenerator<WatchStudyResponse>) {
    this.done = this.#read(responses(this.#controller.signal)).catch((error: unknown) => error);
  }

  static async start(study: StudyDriver, after = 0): Promise<Reader> {
    const watched = await study.study();
    return new Reader((signal) => watch(watched, after, signal));
  }

  async #read(responses: AsyncGenerator<WatchStudyResponse>): Promise<void> {
    for await (const response of responses) this.got.push(response);
  }

  get last(): number {
    return this.got.at(-1)?.sequence ?? 0;
  }

  async stop(): Promise<unknown> {
    this.#controller.abort();
    return this.done;
  }
}

/** Changes the study and waits until the readers have seen that, and so all before it. */
async function caughtUp(study: StudyDriver, ...readers: readonly Reader[]): Promise<void> {
  const { sequence } = await study.update({ displayName: `mark ${marks++}` });
  while (readers.some(({ last }) => last < sequence)) await setImmediate();
}

let marks = 0;

/** What a reader that keeps the latest of each record ends up with: [sequence, state, last step], the study under 0. */
function stateOf(got: readonly WatchStudyResponse[]): Map<number, unknown[]> {
  const latest = new Map<number, unknown[]>();
  for (const { record } of got) {
    if (record?.$case === 'study') latest.set(0, [0, record.value.state]);
    if (record?.$case === 'trial') {
      const { id, state, lastStep, deleted, sequence } = record.value;
      latest.set(id, [sequence, state, lastStep, deleted]);
    }
  }
  return latest;
}

async function expected(study: StudyDriver): Promise<Map<number, unknown[]>> {
  const latest = new Map<number, unknown[]>([[0, [0, (await study.get()).state]]]);
  for (const { id, state, lastStep, sequence } of await study.trials())
    latest.set(id, [sequence, state, lastStep, false]);
  return latest;
}

function assertRising(got: readonly WatchStudyResponse[]): void {
  got.forEach(({ sequence }, i) => assert.ok(i === 0 || sequence > got[i - 1]!.sequence));
}

/** Something of everything. */
async function story(study: StudyDriver): Promise<void> {
  const [a, b] = [await study.take('a'), await study.take('b')];
  await study.report(a, 1, 0.5);
  await study.report(b, 1, 0.25);
  await study.release(a, 1);
  await study.release(b, 1);
  const c = await study.take('c');
  await study.report(c, 2, 0.125);
  await study.annotate([{ trial: a.trial, metadata: { key: 'k', value: { $case: 'text', value: 'v' } } }]);
  await study.fail(await study.take('d'));
  const e = await study.take('e');
  await study.renew(e);
  await study.update({ displayName: 'new' });
}

test('from any number on it brings every record that changed since, the latest state, in order', async (t) => {
  const world = await EngineWorld.open(t);
  const study = await world.create(asha(4, 2));
  await story(study);
  const all = await Reader.start(study);
  await caughtUp(study, all);
  assertRising(all.got);
  assert.deepEqual(stateOf(all.got), await expected(study));
  const sequences = [...stateOf(all.got).values()].map(([sequence]) => Number(sequence));
  for (let after = 0; after <= Math.max(...sequences); after++) {
    const reader = await Reader.start(study, after);
    await caughtUp(study, reader);
    assertRising(reader.got);
    const trials = reader.got
      .filter(({ record }) => record?.$case === 'trial')
      .map(({ sequence }) => sequence);
    assert.deepEqual(
      trials,
      sequences.filter((sequence) => sequence > after).sort((a, b) => a - b),
    );
    assert.equal(reader.got.at(-1)!.caughtUp, true);
    await reader.stop();
  }
  await all.stop();
  assert.equal((await study.study()).watchers.any, false);
});

test('live it brings what a reader that came later is told', async (t) => {
  const world = await EngineWorld.open(t);
  const study = await world.create(asha(4, 2));
  const live = await Reader.start(study);
  await story(study);
  await caughtUp(study, live);
  assertRising(live.got);
  assert.deepEqual(stateOf(live.got), await expected(study));
  await live.stop();
});

test('what was under way when the watcher came is not missed', async (t) => {
  const world = await EngineWorld.open(t);
  const study = await world.create(single(9));
  const jobs = await Promise.all([study.take('a'), study.take('b'), study.take('c')]);
  const underWay = [study.report(jobs[0], 1, 0.5), study.stop(2), study.fail(jobs[2])];
  // Applied, and not yet durable.
  const { trials } = await study.study();
  while (trials.has(3)) await Promise.resolve();
  const reader = await Reader.start(study);
  await Promise.all(underWay);
  await caughtUp(study, reader);
  assert.deepEqual(stateOf(reader.got), await expected(study));
  await reader.stop();
});

test('reports are seen: a trial comes again with its last step', async (t) => {
  const world = await EngineWorld.open(t);
  const study = await world.create(single(9));
  const job = await study.take('a');
  await study.report(job, 1, 0.5);
  await study.report(job, 2, 0.25);
  const before = await Reader.start(study);
  await caughtUp(study, before);
  assert.equal(stateOf(before.got).get(1)![2], 2);
  const resumed = await Reader.start(study, before.last);
  await caughtUp(study, before, resumed);
  assert.deepEqual(
    resumed.got.map(({ record }) => record?.$case),
    ['study'],
  );
  await study.report(job, 3, 0.125);
  for (const reader of [before, resumed]) {
    await caughtUp(study, reader);
    const { record } = reader.got.findLast((it) => it.record?.$case === 'trial')!;
    assert.equal(record?.$case === 'trial' && record.value.bestMeasurement?.step, 3);
    await reader.stop();
  }
});

test('a deleted trial comes as deleted', async (t) => {
  const world = await EngineWorld.open(t);
  const study = await world.create(single(9));
  await study.fail(await study.take('a'));
  const live = await Reader.start(study);
  await caughtUp(study, live);
  const { last } = live;
  await study.remove(1);
  const later = await Reader.start(study, last);
  for (const reader of [live, later]) {
    await caughtUp(study, reader);
    assert.equal(stateOf(reader.got).get(1)![3], true);
    await reader.stop();
  }
});

test('a slow reader gets fewer states, never an older after a newer one, and costs a bounded memory', async (t) => {
  const world = await EngineWorld.open(t);
  const study = await world.create(single(1000));
  const jobs = await Promise.all([study.take('a'), study.take('b')]);
  const watched = await study.study();
  const controller = new AbortController();
  const responses = watch(watched, 0, controller.signal);
  const got = [(await responses.next()).value as WatchStudyResponse];
  for (let step = 1; step <= 100; step++) await Promise.all(jobs.map((job) => study.report(job, step, step)));
  while (!got.at(-1)!.caughtUp) got.push((await responses.next()).value as WatchStudyResponse);
  assert.ok(got.length < 10);
  assertRising(got);
  assert.deepEqual(stateOf(got).get(2)!.slice(1, 3), [TrialState.ACTIVE, 100]);
  controller.abort();
  await assert.rejects(responses.next(), { reason: 'CANCELLED' });
  assert.equal(watched.watchers.any, false);
});

test('a reader that falls far behind catches up from disk, and misses nothing', async (t) => {
  const world = await EngineWorld.open(t);
  const study = await world.create(single(9));
  const controller = new AbortController();
  const responses = watch(await study.study(), 0, controller.signal);
  const got = [(await responses.next()).value as WatchStudyResponse];
  // More than a watcher keeps for its reader.
  const count = 10_100;
  const parameters = [{ name: 'x', value: { kind: { $case: 'doubleValue' as const, value: 0.5 } } }];
  const finalMeasurement = measurementOf(1, { loss: 0 });
  await Promise.all(Array.from({ length: count }, () => study.add({ parameters, finalMeasurement })));
  while (!got.at(-1)!.caughtUp || got.length <= count)
    got.push((await responses.next()).value as WatchStudyResponse);
  assertRising(got);
  assert.equal(stateOf(got).size, count + 1);
  controller.abort();
});

test('ends with the study', async (t) => {
  const world = await EngineWorld.open(t);
  const [deleted, drained] = [await world.create(), await world.create()];
  const readers = [await Reader.start(deleted), await Reader.start(drained)];
  await world.delete(deleted);
  assert.equal(((await readers[0]!.done) as { reason: string }).reason, 'STUDY_NOT_FOUND');
  await world.engine.drain();
  assert.equal(((await readers[1]!.done) as { reason: string }).reason, 'DRAINING');
});
