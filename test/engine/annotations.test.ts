/** Metadata and labels merge by key, and no update loses another's. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { EngineWorld } from './engine-world.js';
import { jobOf, type StudyDriver } from './study-driver.js';
import { single } from './study-specs.js';

function text(key: string, value: string | undefined, namespace = '') {
  return { namespace, key, ...(value === undefined ? {} : { value: { $case: 'text' as const, value } }) };
}

async function metadataOf(study: StudyDriver, trial: number): Promise<Record<string, string>> {
  const { metadata } = trial === 0 ? await study.get() : await study.trial(trial);
  return Object.fromEntries(
    metadata.map(({ namespace, key, value }) => [
      `${namespace}/${key}`,
      value?.$case === 'text' ? value.value : '',
    ]),
  );
}

test('concurrent updates of different keys all stay, on the study, on live and on ended trials', async (t) => {
  const world = await EngineWorld.open(t);
  const study = await world.create(single(9));
  const { trials } = await study.ask('a', { count: 2 });
  await study.fail(jobOf(trials[1]!));
  const keys = Array.from({ length: 20 }, (_, i) => `k${i}`);
  await Promise.all(
    [0, 1, 2].flatMap((trial) => keys.map((key) => study.annotate([{ trial, metadata: text(key, key) }]))),
  );
  for (const again of [false, true]) {
    if (again) await world.restart();
    for (const trial of [0, 1, 2])
      assert.deepEqual(
        Object.keys(await metadataOf(study, trial)).sort(),
        keys.map((key) => `/${key}`).sort(),
      );
  }
});

test('an update meets the end of its trial: neither loses the other', async (t) => {
  const world = await EngineWorld.open(t);
  const study = await world.create(single(9));
  const job = await study.take('a');
  await Promise.all([
    study.annotate([{ trial: 1, metadata: text('before', 'x') }]),
    study.report(job, 1, 0.5),
    study.fail(job),
    study.annotate([{ trial: 1, metadata: text('after', 'x') }]),
  ]);
  assert.deepEqual(await metadataOf(study, 1), { '/before': 'x', '/after': 'x' });
  const { state, failureReason, lastStep } = await study.trial(1);
  assert.deepEqual([state, failureReason, lastStep], [8, 'broken', 1]);
});

test('the last write of a key wins, namespaces are apart, and a key without a value goes', async (t) => {
  const world = await EngineWorld.open(t);
  const study = await world.create(single(9));
  await study.annotate([
    { trial: 0, metadata: text('k', 'one') },
    { trial: 0, metadata: text('k', 'two') },
    { trial: 0, metadata: text('k', 'other', 'n') },
  ]);
  assert.deepEqual(await metadataOf(study, 0), { '/k': 'two', 'n/k': 'other' });
  await study.annotate([{ trial: 0, metadata: text('k', undefined) }]);
  assert.deepEqual(await metadataOf(study, 0), { 'n/k': 'other' });
});

test('all of an update or nothing', async (t) => {
  const world = await EngineWorld.open(t);
  const study = await world.create(single(9));
  await study.take('a');
  const updates = [
    { trial: 1, metadata: text('k', 'v') },
    { trial: 7, metadata: text('k', 'v') },
  ];
  await assert.rejects(study.annotate(updates), { reason: 'TRIAL_NOT_FOUND' });
  await assert.rejects(study.annotate([updates[0]!, { trial: 0, metadata: text('', 'v') }]), {
    reason: 'INVALID_FIELD',
  });
  assert.deepEqual(await metadataOf(study, 1), {});
});

test('labels merge by key; an empty value removes one', async (t) => {
  const world = await EngineWorld.open(t);
  const study = await world.create(single(9));
  await study.update({ labels: { a: '1', b: '2' } });
  await Promise.all([study.update({ labels: { b: '' } }), study.update({ labels: { c: '3' } })]);
  assert.deepEqual((await study.get()).labels, { a: '1', c: '3' });
});

test('annotating an ended trial changes nothing else of it', async (t) => {
  const world = await EngineWorld.open(t);
  const study = await world.create(single(3));
  const job = await study.take('a');
  for (const step of [1, 2, 3]) await study.report(job, step, step);
  const { metadata, sequence, ...before } = await study.trial(1);
  assert.deepEqual(metadata, []);
  await study.annotate([{ trial: 1, metadata: text('k', 'v') }]);
  const { metadata: after, sequence: later, ...rest } = await study.trial(1);
  assert.deepEqual(rest, before);
  assert.equal(after.length, 1);
  assert.ok(later > sequence);
});
