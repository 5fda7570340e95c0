/** The best trials: one by its metric, or the Pareto set, against a look at all of them. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { MetricGoal } from '../../server/gen/wazir/v1/study.js';
import { EngineWorld } from './engine-world.js';
import { runs } from './property-runs.js';
import { measurementOf, type StudyDriver } from './study-driver.js';
import { asha, single } from './study-specs.js';

const value = fc.oneof(
  { weight: 6, arbitrary: fc.integer({ min: 0, max: 4 }) },
  { weight: 1, arbitrary: fc.constantFrom(NaN, Infinity, -Infinity) },
);
const fates = ['succeed', 'succeed', 'succeed', 'fail', 'infeasible', 'run'] as const;
const goals = [MetricGoal.MINIMIZE, MetricGoal.MAXIMIZE] as const;

interface Entry {
  readonly id: number;
  readonly values: readonly number[];
}

async function fill(
  study: StudyDriver,
  trials: readonly { fate: (typeof fates)[number]; values: number[] }[],
) {
  const finished: Entry[] = [];
  for (const { fate, values } of trials) {
    const job = await study.take('a', { recover: false });
    const metrics = Object.fromEntries(values.map((it, i) => [`m${i}`, it]));
    await study.report(job, 1, metrics);
    if (fate === 'fail') await study.fail(job);
    if (fate === 'infeasible') await study.infeasible(job);
    if (fate !== 'succeed') continue;
    await study.complete(job);
    if (!values.some(Number.isNaN)) finished.push({ id: job.trial, values });
  }
  return finished;
}

function isBetter(a: number, b: number, goal: MetricGoal): boolean {
  return goal === MetricGoal.MINIMIZE ? a < b : a > b;
}

test('with one metric it is the best that has ended, the oldest of equals', async (t) => {
  const world = await EngineWorld.open(t);
  const trial = fc.record({ fate: fc.constantFrom(...fates), values: fc.tuple(value) });
  await fc.assert(
    fc.asyncProperty(fc.array(trial, { maxLength: 12 }), fc.constantFrom(...goals), async (trials, goal) => {
      const study = await world.create({ ...single(9), metrics: [{ name: 'm0', goal }] });
      const finished = await fill(study, trials);
      const best = finished.find(
        ({ values }) => !finished.some((it) => isBetter(it.values[0]!, values[0]!, goal)),
      );
      const found = (await study.optimal()).map(({ id }) => id);
      if (best) assert.deepEqual(found, [best.id]);
    }),
    runs(40),
  );
});

test('with several it is the trials that no finished one dominates; NaN, failed and infeasible are none', async (t) => {
  const world = await EngineWorld.open(t);
  const trial = fc.record({ fate: fc.constantFrom(...fates), values: fc.tuple(value, value, value) });
  const directions = fc.tuple(...[0, 1, 2].map(() => fc.constantFrom(...goals)));
  await fc.assert(
    fc.asyncProperty(fc.array(trial, { maxLength: 14 }), directions, async (trials, direction) => {
      const metrics = direction.map((goal, i) => ({ name: `m${i}`, goal }));
      const study = await world.create({ ...single(9), metrics });
      const finished = await fill(study, trials);
      const dominates = (a: Entry, b: Entry) =>
        a.values.some((it, i) => isBetter(it, b.values[i]!, direction[i]!)) &&
        !a.values.some((it, i) => isBetter(b.values[i]!, it, direction[i]!));
      const front = finished.filter((b) => !finished.some((a) => dominates(a, b)));
      if (front.length === 0) return;
      assert.deepEqual(
        (await study.optimal()).map(({ id }) => id),
        front.map(({ id }) => id),
      );
    }),
    runs(40),
  );
});

test('before anything has ended it is the best value reported so far', async (t) => {
  const world = await EngineWorld.open(t);
  const study = await world.create(asha(9, 3));
  assert.deepEqual(await study.optimal(), []);
  for (const [client, loss] of Object.entries({ a: NaN, b: 0.5, c: 0.25, d: 0.75 }))
    await study.report(await study.take(client), 1, loss);
  const [best] = await study.optimal();
  assert.equal(best!.id, 3);
  await study.stop(4);
  // Stopped with a value of its own, it has ended.
  assert.equal((await study.optimal())[0]!.id, 4);
});

test('a warm start counts; a deleted trial does not', async (t) => {
  const world = await EngineWorld.open(t);
  const study = await world.create(single(9));
  const parameters = [{ name: 'x', value: { kind: { $case: 'doubleValue', value: 0.5 } } }] as const;
  for (const loss of [3, 1, 2])
    await study.add({ parameters: [...parameters], finalMeasurement: measurementOf(1, { loss }) });
  assert.equal((await study.optimal())[0]!.id, 2);
  await study.remove(2);
  assert.equal((await study.optimal())[0]!.id, 3);
});
