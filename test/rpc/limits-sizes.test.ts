/** The limits on what is kept, as flags of a server: at the limit, and one over. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { limitTable } from '../../server/domain/limits.js';
import { startTestServer, storeDigest } from '../app/test-server.js';
import { refused, type Refusal } from './refusal.js';
import { createStudy, oneTrial, owner, studyRequest, withoutResource } from './study-requests.js';

const double = { $case: 'double' as const, value: { min: 0, max: 1 } };
const point = { parameters: [{ name: 'x', value: { kind: { $case: 'doubleValue' as const, value: 0 } } }] };
const text = (bytes: number) => ({ $case: 'text' as const, value: 'x'.repeat(bytes) });

function overLimit(refusal: Refusal, flag: string, max: number, subject: string): void {
  const { code, reason, metadata, quota, message } = refusal;
  assert.deepEqual(
    { code, reason, metadata, quota },
    {
      code: 'RESOURCE_EXHAUSTED',
      reason: 'LIMIT_EXCEEDED',
      metadata: { limit: flag, max: `${max}` },
      quota: [subject, flag, max],
    },
    message,
  );
  assert.ok(message.includes(`--${flag} = ${max}`), message);
}

test('studies, of one owner and of all', async (t) => {
  const settings = { limits: { maxStudies: 3, maxStudiesPerOwner: 2 } };
  const { client, dataDir } = await startTestServer(t, { settings });
  const of = (name: string, studyId: string) =>
    client.createStudy({ ...studyRequest(studyId), parent: `owners/${name}`, requestId: studyId });
  for (const id of ['one', 'two']) await of('a', id);
  const before = await storeDigest(dataDir);
  overLimit(await refused(of('a', 'three')), 'max-studies-per-owner', 2, 'owners/a');
  assert.equal(await storeDigest(dataDir), before);
  await of('a', 'two');
  await of('b', 'one');
  overLimit(await refused(of('b', 'two')), 'max-studies', 3, 'server');
  await client.deleteStudy({ name: 'owners/a/studies/one' });
  await of('b', 'two');
});

test('trials of a study: created and suggested', async (t) => {
  const settings = { limits: { maxTrialsPerStudy: 2 } };
  const { client, dataDir } = await startTestServer(t, { settings });
  const { name } = await createStudy(client, 's', withoutResource);
  await oneTrial(client, name, 'a');
  await client.createTrial({ parent: name, trial: { ...point, infeasibleReason: 'no' } });
  const before = await storeDigest(dataDir);
  const calls = [
    client.suggestTrials({ parent: name, clientId: 'b', requestId: 'r' }),
    client.createTrial({ parent: name, trial: point, requestId: 'q' }),
  ];
  for (const call of calls) overLimit(await refused(call), 'max-trials-per-study', 2, name);
  assert.equal(await storeDigest(dataDir), before);
  assert.equal((await client.listTrials({ parent: name })).trials.length, 2);
});

test('parameters, children included', async (t) => {
  const settings = { limits: { maxParameters: 4 } };
  const { client, dataDir } = await startTestServer(t, { settings });
  const nested = (children: number) => ({
    name: 'parent',
    domain: { $case: 'categorical' as const, value: { values: ['a'] } },
    children: Array.from({ length: children }, (_, i) => ({
      parentValues: [{ kind: { $case: 'stringValue' as const, value: 'a' } }],
      parameter: { name: `c${i}`, domain: double },
    })),
  });
  await createStudy(client, 'fits', { parameters: [nested(3)] });
  const before = await storeDigest(dataDir);
  const refusal = await refused(createStudy(client, 'over', { parameters: [nested(4)] }));
  overLimit(refusal, 'max-parameters', 4, owner);
  assert.deepEqual(refusal.fields, ['study.spec.parameters']);
  assert.equal(await storeDigest(dataDir), before);
});

test('a raised limit on parameters is one', async (t) => {
  const { client } = await startTestServer(t, { settings: { limits: { maxParameters: 3000 } } });
  const parameters = Array.from({ length: 3000 }, (_, i) => ({ name: `p${i}`, domain: double }));
  const { name } = await createStudy(client, 'wide', { parameters });
  assert.equal((await oneTrial(client, name, 'a')).parameters.length, 3000);
});

test('metadata of a study and of a trial', async (t) => {
  const settings = { limits: { maxMetadataBytes: 1024 } };
  const { client, dataDir } = await startTestServer(t, { settings });
  const { name } = await createStudy(client, 's', withoutResource);
  const trial = await oneTrial(client, name, 'a');
  const put = (id: number, key: string, bytes: number) =>
    client.updateMetadata({ name, updates: [{ trial: id, metadata: { key, value: text(bytes - 1) } }] });
  for (const id of [0, trial.id]) {
    await put(id, 'a', 1024);
    const before = await storeDigest(dataDir);
    const refusal = await refused(put(id, 'b', 1));
    overLimit(refusal, 'max-metadata-bytes', 1024, id === 0 ? name : trial.name);
    assert.deepEqual(refusal.fields, ['updates']);
    assert.equal(await storeDigest(dataDir), before);
  }
});

test('with the defaults the limits are those of the table', async (t) => {
  const { client } = await startTestServer(t);
  const max = limitTable.maxParameters.default;
  const wide = (count: number) =>
    createStudy(client, `wide${count}`, {
      parameters: Array.from({ length: count }, (_, i) => ({ name: `p${i}`, domain: double })),
    });
  await wide(max);
  overLimit(await refused(wide(max + 1)), 'max-parameters', max, owner);
  const { name } = await createStudy(client, 's');
  const bytes = limitTable.maxMetadataBytes.default;
  const put = (key: string, length: number) =>
    client.updateMetadata({ name, updates: [{ metadata: { key, value: text(length - 1) } }] });
  await put('a', bytes - 1);
  overLimit(await refused(put('b', 2)), 'max-metadata-bytes', bytes, name);
});
