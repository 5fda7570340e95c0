/** What looks wrong and is not: each is accepted, and means what it says. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Directive_Kind as Kind } from '../../server/gen/wazir/v1/measurement.js';
import { type ParameterSpec, ParameterScale } from '../../server/gen/wazir/v1/study.js';
import { StudyEndReason, StudyState, TrialState } from '../../server/gen/wazir/v1/trial.js';
import { startTestServer } from '../app/test-server.js';
import type { Partially } from '../test-client.js';
import { createStudy, oneTrial, owner, reportOf, studyRequest } from './study-requests.js';

test('study ids may hold anything but a slash and control characters', async (t) => {
  const server = await startTestServer(t);
  const { client, dataDir } = server;
  const ids = [
    'with space',
    'a:b',
    `"quoted'`,
    'ünï',
    '学習',
    '🦄',
    '%2F',
    '...',
    '-',
    '\u200bzero',
    'x'.repeat(256),
    '__proto__',
  ];
  for (const studyId of ids) {
    const study = await createStudy(client, studyId);
    assert.equal(study.name, `${owner}/studies/${studyId}`);
    const trial = await oneTrial(client, study.name, 'worker');
    assert.equal(trial.name, `${study.name}/trials/1`);
    await client.reportMeasurement(reportOf(trial, 1, 0.5));
    assert.equal((await client.getTrial({ name: trial.name })).lastStep, 1);
  }
  const { name } = await client.createStudy({ ...studyRequest('x'), parent: 'owners/other: one' });
  assert.equal(name, 'owners/other: one/studies/x');
  await server.stop();
  const again = await startTestServer(t, { dataDir });
  const { studies } = await again.client.listStudies({ parent: owner });
  assert.deepEqual(
    studies.map((study) => study.name),
    ids.map((id) => `${owner}/studies/${id}`).sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b))),
    'by the bytes of their ids',
  );
});

test('an id that the server makes, and labels that look like JavaScript', async (t) => {
  const { client } = await startTestServer(t);
  const study = await client.createStudy({
    ...studyRequest(''),
    study: { ...studyRequest('').study, labels: { constructor: 'a', toString: 'b' } },
  });
  assert.match(study.name, /^owners\/default\/studies\/[^/]+$/);
  const { labels } = await client.getStudy({ name: study.name });
  assert.deepEqual(Object.entries(labels).sort(), [
    ['constructor', 'a'],
    ['toString', 'b'],
  ]);
});

test('constants, unsorted values, and parameters nested as deep as may be', async (t) => {
  const { client } = await startTestServer(t);
  let nested: Partially<ParameterSpec> = {
    name: 'p32',
    domain: { $case: 'categorical', value: { values: ['a'] } },
  };
  for (let level = 31; level >= 1; level--)
    nested = {
      name: `p${level}`,
      domain: { $case: 'categorical', value: { values: ['a'] } },
      children: [{ parentValues: [{ kind: { $case: 'stringValue', value: 'a' } }], parameter: nested }],
    };
  const study = await createStudy(client, 'odd', {
    parameters: [
      { name: 'constant', domain: { $case: 'double', value: { min: 0.1, max: 0.1 } } },
      { name: 'whole', domain: { $case: 'integer', value: { min: 7, max: 7 } } },
      {
        name: 'log',
        domain: { $case: 'double', value: { min: 1e-3, max: 1e-3 } },
        scale: ParameterScale.LOG,
      },
      { name: 'listed', domain: { $case: 'discrete', value: { values: [3, -1, 2] } } },
      {
        name: 'edge',
        domain: { $case: 'integer', value: { min: Number.MIN_SAFE_INTEGER, max: Number.MAX_SAFE_INTEGER } },
      },
      nested,
    ],
  });
  assert.deepEqual(study.spec!.parameters[3]!.domain, { $case: 'discrete', value: { values: [-1, 2, 3] } });
  const { parameters } = await oneTrial(client, study.name, 'worker');
  const value = (name: string) => parameters.find((parameter) => parameter.name === name)?.value?.kind?.value;
  assert.equal(value('constant'), 0.1);
  assert.equal(value('whole'), 7);
  assert.equal(value('log'), 1e-3);
  assert.ok([-1, 2, 3].includes(value('listed') as number));
  assert.ok(Number.isSafeInteger(value('edge')));
  assert.equal(value('p32'), 'a');
  assert.equal(parameters.length, 5 + 32);
});

test('metrics that are no finite numbers, or hardly are', async (t) => {
  const { client } = await startTestServer(t);
  const study = await createStudy(client, 'odd', { resource: { min: 100, max: 100 }, scheduler: undefined });
  const trial = await oneTrial(client, study.name, 'worker');
  const values = [NaN, Infinity, -Infinity, -0, 5e-324, Number.MAX_VALUE, 1e-310];
  for (const [i, value] of values.entries()) await client.reportMeasurement(reportOf(trial, i + 1, value));
  const { measurements } = await client.listMeasurements({ parent: trial.name });
  assert.deepEqual(
    measurements.map(({ metrics }) => metrics[0]!.value),
    values.map((value) => value + 0),
  );
  const { bestMeasurement } = await client.getTrial({ name: trial.name });
  assert.equal(bestMeasurement!.metrics[0]!.value, -Infinity);
  // NaN sent again is no other value.
  assert.equal((await client.reportMeasurement(reportOf(trial, 1, NaN))).directive!.kind, Kind.CONTINUE);
});

test('reports out of order, again, and far past the end', async (t) => {
  const { client } = await startTestServer(t);
  const study = await createStudy(client, 'odd', { resource: { min: 5, max: 10 }, scheduler: undefined });
  const trial = await oneTrial(client, study.name, 'worker');
  const tell = async (step: number, loss: number) =>
    (await client.reportMeasurement(reportOf(trial, step, loss))).directive;
  assert.deepEqual(await tell(4, 0.4), { kind: Kind.CONTINUE, until: 10 });
  assert.deepEqual(await tell(2, 0.2), { kind: Kind.CONTINUE, until: 10 });
  assert.deepEqual(await tell(4, 0.4), { kind: Kind.CONTINUE, until: 10 });
  const end = await tell(1_000_000, 0.1);
  assert.equal(end!.kind, Kind.COMPLETE);
  assert.deepEqual(await tell(1_000_000, 0.1), end, 'sent again, after the end');
  assert.deepEqual(await tell(2, 0.2), { kind: Kind.CONTINUE, until: 10 }, 'and an earlier one');
  const { measurements } = await client.listMeasurements({ parent: trial.name });
  assert.deepEqual(
    measurements.map(({ step }) => step),
    [2, 4, 1_000_000],
  );
  const { state, finalMeasurement, scheduling } = await client.getTrial({ name: trial.name });
  assert.equal(state, TrialState.SUCCEEDED);
  assert.equal(finalMeasurement!.step, 1_000_000);
  assert.equal(scheduling!.results.length, 1);
});

test('the completing call sent again gets its answer; so does a suggestion, a creation and a deletion', async (t) => {
  const { client } = await startTestServer(t);
  const create = {
    ...studyRequest('odd', { limits: { maxTrials: 2 }, resource: undefined, scheduler: undefined }),
    requestId: 'create',
  };
  const study = await client.createStudy(create);
  assert.deepEqual(await client.createStudy(create), study);
  const ask = { parent: study.name, clientId: 'worker', requestId: 'ask' };
  const first = await client.suggestTrials(ask);
  assert.deepEqual(await client.suggestTrials(ask), first);
  const complete = {
    name: first.trials[0]!.name,
    attempt: 1,
    finalMeasurement: { metrics: [{ name: 'loss', value: 1 }] },
  };
  const ended = await client.completeTrial(complete);
  assert.deepEqual(await client.completeTrial(complete), ended);
  const remove = { name: ended.name, requestId: 'delete' };
  assert.deepEqual(await client.deleteTrial(remove), await client.deleteTrial(remove));
  const all = { name: study.name, requestId: 'delete all' };
  assert.deepEqual(await client.deleteStudy(all), await client.deleteStudy(all));
});

test('a study that has ended answers at once, without trials and with the reason', async (t) => {
  const { client } = await startTestServer(t);
  const study = await createStudy(client, 'odd');
  await client.updateStudy({ study: { name: study.name, state: StudyState.COMPLETED } });
  const answer = await client.suggestTrials({ parent: study.name, clientId: 'worker' });
  assert.deepEqual(answer, {
    trials: [],
    studyState: StudyState.COMPLETED,
    retryAfter: undefined,
    studyEndReason: StudyEndReason.ENDED_BY_USER,
  });
});

test('names that mean something to JavaScript mean nothing here; a space may be empty', async (t) => {
  const { client } = await startTestServer(t);
  const names = ['__proto__', 'constructor', 'toString', 'hasOwnProperty'];
  const categorical = { $case: 'categorical' as const, value: { values: names } };
  const study = await createStudy(client, 'odd', {
    parameters: names.map((name) => ({ name, domain: categorical })),
    metrics: names.map((name) => ({ name, goal: 1 })),
    resource: undefined,
    scheduler: undefined,
  });
  const trial = await oneTrial(client, study.name, 'worker');
  assert.deepEqual(
    trial.parameters.map(({ name }) => name),
    names,
  );
  for (const { value } of trial.parameters) assert.ok(names.includes(value!.kind!.value as string));
  const metrics = names.map((name, value) => ({ name, value }));
  await client.completeTrial({ name: trial.name, attempt: 1, finalMeasurement: { step: 1, metrics } });
  const { finalMeasurement } = await client.getTrial({ name: trial.name });
  assert.deepEqual(finalMeasurement!.metrics, metrics);
  await client.updateMetadata({
    name: study.name,
    updates: names.map((key) => ({
      metadata: { key, namespace: key, value: { $case: 'text', value: key } },
    })),
  });
  const { metadata } = await client.getStudy({ name: study.name });
  assert.deepEqual(metadata.map(({ key }) => key).sort(), [...names].sort());

  const sampler = { kind: { $case: 'grid' as const, value: {} } };
  const empty = await createStudy(client, 'empty', { parameters: [], sampler });
  assert.deepEqual((await oneTrial(client, empty.name, 'worker')).parameters, []);
});

test('with an empty mask all that is set is changed; what is too large of a range is searched', async (t) => {
  const { client } = await startTestServer(t);
  const { name } = await createStudy(client, 'odd', {
    parameters: [
      { name: 'x', domain: { $case: 'double', value: { min: -Number.MAX_VALUE, max: Number.MAX_VALUE } } },
    ],
  });
  const changed = await client.updateStudy({
    study: { name, displayName: 'new', labels: { k: 'v' }, spec: { limits: { maxTrials: 7 } } },
  });
  assert.deepEqual(
    [changed.displayName, changed.labels, changed.spec!.limits!.maxTrials],
    ['new', { k: 'v' }, 7],
  );
  const { parameters } = await oneTrial(client, name, 'worker');
  assert.ok(Number.isFinite(parameters[0]!.value!.kind!.value));
});
