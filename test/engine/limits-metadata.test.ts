/** How much metadata a study or a trial may have. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createStudy } from '../../server/engine/commands/create-study.js';
import { CreateStudyRequest } from '../../server/gen/wazir/v1/study.js';
import { EngineWorld } from './engine-world.js';
import { single } from './study-specs.js';

const limit = 2000;
const limits = { maxMetadataBytes: limit };
const parameters = [{ name: 'x', value: { kind: { $case: 'doubleValue' as const, value: 0.5 } } }];
const facts = { reason: 'LIMIT_EXCEEDED', metadata: { limit: 'max-metadata-bytes', max: `${limit}` } };

/** Metadata of so many bytes in all, namespace and key included. */
function ofBytes(bytes: number) {
  return { namespace: 'ns', key: 'key', value: { $case: 'text' as const, value: 'x'.repeat(bytes - 5) } };
}

test('at the limit it is taken, one byte over refused: on creation', async (t) => {
  const world = await EngineWorld.open(t, limits);
  const study = await world.create(single(9));
  const { spec } = await study.get();
  const create = (studyId: string, bytes: number) =>
    createStudy(
      world.engine,
      'test',
      CreateStudyRequest.fromPartial({ studyId, study: { spec: spec!, metadata: [ofBytes(bytes)] } }),
    );
  await create('fits', limit);
  await assert.rejects(create('over', limit + 1), {
    ...facts,
    resource: 'owners/test',
    violations: [{ field: 'study.metadata', description: `must be at most ${limit}` }],
  });
  await study.add({ parameters, metadata: [ofBytes(limit)] });
  await assert.rejects(study.add({ parameters, metadata: [ofBytes(limit + 1)] }), {
    ...facts,
    resource: 'owners/test/studies/s1',
  });
  assert.equal((await study.trials()).length, 1);
});

test('what is merged counts in all, on the study and on each trial; all or nothing', async (t) => {
  const world = await EngineWorld.open(t, limits);
  const study = await world.create(single(9));
  await study.take('a');
  const put = (trial: number, key: string, bytes: number) => ({
    trial,
    metadata: { key, value: { $case: 'text' as const, value: 'x'.repeat(bytes - 1) } },
  });
  for (const trial of [0, 1]) {
    await study.annotate([put(trial, 'a', limit / 2)]);
    await study.annotate([put(trial, 'b', limit / 2)]);
    const before = [await study.get(), await study.trial(1)];
    // The other one has room the first time; then it is full, and may only shrink.
    const other = trial === 0 ? put(1, 'c', 3) : { trial: 0, metadata: { key: 'a' } };
    const over = study.annotate([other, put(trial, 'd', 2)]);
    const resource = `owners/test/studies/s1${trial ? '/trials/1' : ''}`;
    await assert.rejects(over, { ...facts, resource });
    assert.deepEqual([await study.get(), await study.trial(1)], before);
    // Replaced, not added.
    await study.annotate([put(trial, 'b', limit / 2 - 1)]);
    await study.annotate([put(trial, 'b', limit / 2)]);
  }
});

test('where the limit is lower now, what is there may shrink but not grow', async (t) => {
  const world = await EngineWorld.open(t, limits);
  const study = await world.create(single(9));
  const text = (bytes: number) => ({ $case: 'text' as const, value: 'x'.repeat(bytes) });
  await study.annotate(['a', 'b', 'c'].map((key) => ({ trial: 0, metadata: { key, value: text(500) } })));
  world.limits = { ...world.limits, maxMetadataBytes: 1024 };
  await world.restart();
  const lower = { metadata: { limit: 'max-metadata-bytes', max: '1024' } };
  await assert.rejects(study.annotate([{ trial: 0, metadata: { key: 'a', value: text(501) } }]), lower);
  await study.annotate([{ trial: 0, metadata: { key: 'a' } }]);
  await assert.rejects(study.annotate([{ trial: 0, metadata: { key: 'd', value: text(30) } }]), lower);
  await study.annotate([{ trial: 0, metadata: { key: 'b' } }]);
  await study.annotate([{ trial: 0, metadata: { key: 'd', value: text(1) } }]);
});

test('however much is allowed, a record must fit into one message', async (t) => {
  const world = await EngineWorld.open(t, { maxMetadataBytes: 2 ** 30, maxMessageBytes: 16 * 1024 });
  const study = await world.create(single(9));
  await study.take('a');
  const over = { reason: 'LIMIT_EXCEEDED', metadata: { limit: 'max-message-bytes', max: '16384' } };
  const part = (trial: number, key: string) => ({ trial, metadata: { ...ofBytes(7000), key } });
  for (const trial of [0, 1]) {
    for (const key of ['a', 'b']) await study.annotate([part(trial, key)]);
    await assert.rejects(study.annotate([part(trial, 'c')]), over);
  }
  await assert.rejects(study.add({ parameters, metadata: [ofBytes(16_000)] }), over);
});

test('one call changes no more than a batch can hold', async (t) => {
  const world = await EngineWorld.open(t);
  const study = await world.create(single(9));
  const metadata = { key: 'k', value: { $case: 'text' as const, value: 'x' } };
  const many = Array.from({ length: 10_001 }, (_, i) => ({ trial: i + 1, metadata }));
  await assert.rejects(study.annotate(many), { message: /^updates: must be of at most 10000 trials/ });
  // Within it: each trial is looked up once, and the first that is not there is told at once.
  await assert.rejects(study.annotate(many.slice(1)), { reason: 'TRIAL_NOT_FOUND' });
  const { trials } = await study.ask('a', { count: 1000 });
  await study.annotate(trials.map(({ id: trial }) => ({ trial, metadata })));
  const large = { key: 'l', value: { $case: 'text' as const, value: 'x'.repeat(1_000_000) } };
  for (const { id: trial } of trials.slice(0, 17)) await study.annotate([{ trial, metadata: large }]);
  const again = trials.slice(0, 17).map(({ id: trial }) => ({ trial, metadata }));
  await assert.rejects(study.annotate(again), {
    message: /^updates: change records of more than 16777216/,
  });
  await study.annotate(again.slice(0, 16));
});
