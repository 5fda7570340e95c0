import { test } from 'node:test';
import { type CreateStudyRequest, MetricGoal, type StudySpec } from '../../server/gen/wazir/v1/study.js';
import { StudyState } from '../../server/gen/wazir/v1/trial.js';
import type { TestServer } from '../app/test-server.js';
import type { Partially, TestClient } from '../test-client.js';
import { invalid, overLimit, refusal, refuseAll, type BadInput } from './bad-input.js';
import { createStudy, owner, scheduler, specOf, studyRequest } from './study-requests.js';

const mebibyte = 'n'.repeat(2 ** 20);
const study = `${owner}/studies/here`;

async function prepare({ client }: TestServer): Promise<TestClient> {
  await createStudy(client, 'here');
  await client.createStudy({ ...studyRequest('once'), requestId: 'known' });
  await createStudy(client, 'ended');
  await client.updateStudy({ study: { name: `${owner}/studies/ended`, state: StudyState.COMPLETED } });
  return client;
}

const look = ({ client }: TestServer) => client.listStudies({ parent: owner });

type Row = BadInput<TestClient>;

function create(name: string, request: Partially<CreateStudyRequest>, ...fields: string[]): Row {
  return invalid(name, (client) => client.createStudy({ ...studyRequest('new'), ...request }), ...fields);
}

/** A spec that is refused; the fields lie below `study.spec`. */
function spec(name: string, given: Partially<StudySpec>, ...fields: string[]): Row {
  return create(name, { study: { spec: specOf(given) } }, ...fields.map((field) => `study.spec.${field}`));
}

test('names and ids', async (t) => {
  const malformed = {
    empty: '',
    'missing part': 'owners/default/studies',
    'empty id': 'owners/default/studies/',
    'extra slash': `${study}/`,
    'two slashes': 'owners//studies/here',
    '..': 'owners/default/studies/..',
    '.': 'owners/default/studies/.',
    NUL: `${study}\0`,
    'line feed': `${study}\n`,
    'another collection': 'owners/default/trials/here',
    'of a trial': `${study}/trials/1`,
    '1 MiB': `${owner}/studies/${mebibyte}`,
    '257 bytes': `${owner}/studies/${'é'.repeat(128)}x`,
  };
  const rows: Row[] = Object.entries(malformed).flatMap(([name, text]) => [
    invalid(`GetStudy: ${name}`, (client) => client.getStudy({ name: text }), 'name'),
  ]);
  const names: Row[] = [
    invalid('UpdateStudy', (client) => client.updateStudy({ study: { name: 'x' } }), 'study.name'),
    invalid('UpdateStudy: none', (client) => client.updateStudy({}), 'study'),
    invalid('DeleteStudy', (client) => client.deleteStudy({ name: 'x' }), 'name'),
    invalid('ListOptimalTrials', (client) => client.listOptimalTrials({ parent: 'x' }), 'parent'),
    invalid('ListStudies', (client) => client.listStudies({ parent: 'default' }), 'parent'),
    invalid('ListStudies: empty owner', (client) => client.listStudies({ parent: 'owners/' }), 'parent'),
    create('CreateStudy: parent of a study', { parent: study }, 'parent'),
    create('CreateStudy: owner ..', { parent: 'owners/..' }, 'parent'),
    create('CreateStudy: slash in the id', { studyId: 'a/b' }, 'study_id'),
    create('CreateStudy: id ..', { studyId: '..' }, 'study_id'),
    create('CreateStudy: NUL in the id', { studyId: 'a\0' }, 'study_id'),
    create('CreateStudy: long id', { studyId: 'a'.repeat(257) }, 'study_id'),
    refusal('an unknown study', 'NOT_FOUND', 'STUDY_NOT_FOUND', (client) =>
      client.getStudy({ name: `${owner}/studies/there` }),
    ),
    refusal('an unknown owner', 'NOT_FOUND', 'STUDY_NOT_FOUND', (client) =>
      client.getStudy({ name: 'owners/nobody/studies/here' }),
    ),
    refusal('to delete an unknown study', 'NOT_FOUND', 'STUDY_NOT_FOUND', (client) =>
      client.deleteStudy({ name: `${owner}/studies/there` }),
    ),
    refusal('a name in use', 'ALREADY_EXISTS', 'STUDY_EXISTS', (client) =>
      client.createStudy(studyRequest('here')),
    ),
    {
      ...refusal('the request id of another request', 'INVALID_ARGUMENT', 'REQUEST_ID_REUSED', (client) =>
        client.createStudy({ ...studyRequest('twice'), requestId: 'known' }),
      ),
      fields: ['request_id'],
    },
    create('request id with a slash', { requestId: 'a/b' }, 'request_id'),
    create('request id of 1 MiB', { requestId: mebibyte }, 'request_id'),
    create('request id with a line feed', { requestId: 'a\n' }, 'request_id'),
    create('request id too long', { requestId: 'a'.repeat(129) }, 'request_id'),
    invalid('negative page', (client) => client.listStudies({ parent: owner, pageSize: -1 }), 'page_size'),
    invalid(
      'garbage page token',
      (client) => client.listStudies({ parent: owner, pageToken: '%' }),
      'page_token',
    ),
  ];
  await refuseAll(t, prepare, look, [...rows, ...names]);
});

test('metrics, resource, limits and policies', async (t) => {
  const minimize = MetricGoal.MINIMIZE;
  const asha = (value: object) => ({ scheduler: scheduler({ $case: 'asha', value }) });
  const halving = (value: object) => ({ scheduler: scheduler({ $case: 'successiveHalving', value }) });
  const double = { $case: 'double' as const, value: { min: 0, max: 1 } };
  const grid = { sampler: { kind: { $case: 'grid' as const, value: {} } } };
  const sobol = { sampler: { kind: { $case: 'sobol' as const, value: {} } } };
  const wordy = {
    name: 'c',
    domain: { $case: 'categorical' as const, value: { values: ['a', mebibyte] } },
  };
  const wide = { $case: 'integer' as const, value: { min: 0, max: 2 ** 31 } };
  const rows: Row[] = [
    create('no study', { study: undefined }, 'study'),
    create('no spec', { study: { displayName: 'x' } }, 'study.spec'),
    spec('no metric', { metrics: [] }, 'metrics'),
    spec('a metric without name', { metrics: [{ goal: minimize }] }, 'metrics[0].name'),
    spec('a metric of 1 MiB', { metrics: [{ name: mebibyte, goal: minimize }] }, 'metrics[0].name'),
    spec('a metric without goal', { metrics: [{ name: 'loss' }] }, 'metrics[0].goal'),
    spec('an unknown goal', { metrics: [{ name: 'loss', goal: 77 as MetricGoal }] }, 'metrics[0].goal'),
    spec(
      'a metric twice',
      {
        metrics: [
          { name: 'a', goal: minimize },
          { name: 'a', goal: minimize },
        ],
      },
      'metrics[1].name',
    ),
    spec(
      '101 metrics',
      { metrics: Array.from({ length: 101 }, (_, i) => ({ name: `m${i}`, goal: minimize })) },
      'metrics',
    ),
    spec('negative min resource', { resource: { min: -1, max: 9 } }, 'resource.min'),
    spec('no max resource', { resource: { min: 1 } }, 'resource.max'),
    spec('min above max', { resource: { min: 10, max: 9 } }, 'resource.min'),
    spec('asha without a resource', { resource: undefined }, 'resource'),
    spec('eta below 2', asha({ eta: 1.9 }), 'scheduler.asha.eta'),
    spec('eta NaN', asha({ eta: NaN }), 'scheduler.asha.eta'),
    spec('eta infinite', asha({ eta: Infinity }), 'scheduler.asha.eta'),
    spec('eta negative', asha({ eta: -3 }), 'scheduler.asha.eta'),
    spec('a bracket that is not there', asha({ bracket: 3 }), 'scheduler.asha.bracket'),
    spec('negative bracket', asha({ bracket: -1 }), 'scheduler.asha.bracket'),
    spec('too few trials', halving({ trials: 8 }), 'scheduler.successive_halving.trials'),
    spec('negative rounds', halving({ trials: 9, rounds: -1 }), 'scheduler.successive_halving.rounds'),
    spec(
      'an unknown rounding',
      { scheduler: scheduler({ $case: 'hyperband', value: { rounding: 9 as 1 } }) },
      'scheduler.hyperband.rounding',
    ),
    spec('a grid over a double without a count', grid, 'parameters[0].grid_points'),
    spec(
      'a grid of more than 2^53 points',
      {
        ...grid,
        parameters: [
          { name: 'a', domain: wide },
          { name: 'b', domain: wide },
        ],
      },
      'sampler.grid',
    ),
    spec('negative max_trials', { limits: { maxTrials: -1 } }, 'limits.max_trials'),
    spec('negative max_duration', { limits: { maxDuration: { seconds: -1 } } }, 'limits.max_duration'),
    spec('a lease of 0.9 s', { leaseDuration: { nanos: 9e8 } }, 'lease_duration'),
    spec('a lease of 31 days', { leaseDuration: { seconds: 31 * 86_400 } }, 'lease_duration'),
    spec('an unknown selection', { measurementSelection: 9 as 1 }, 'measurement_selection'),
    create('a label without key', { study: { spec: specOf(), labels: { '': 'x' } } }, 'study.labels'),
    create(
      'metadata without key',
      { study: { spec: specOf(), metadata: [{ value: { $case: 'text', value: 'x' } }] } },
      'study.metadata[0].key',
    ),
    overLimit(
      'metadata over the limit',
      (client) =>
        client.createStudy({
          ...studyRequest('new'),
          study: {
            spec: specOf(),
            metadata: [{ key: 'k', value: { $case: 'text', value: `${mebibyte}x` } }],
          },
        }),
      'study.metadata',
    ),
    spec('random points of no parameters', { parameters: [] }, 'parameters'),
    spec('a sobol sequence over no parameters', { ...sobol, parameters: [] }, 'parameters'),
    spec('max_duration of 0', { limits: { maxDuration: {} } }, 'limits.max_duration'),
    spec(
      'a duration of more than 10,000 years',
      { limits: { maxTimeWithoutProgress: { seconds: 315_576_000_001 } } },
      'limits.max_time_without_progress',
    ),
    spec('nanos that are a second', { leaseDuration: { seconds: 60, nanos: 1e9 } }, 'lease_duration'),
    spec(
      'a name of a resource of 257 bytes',
      { resource: { name: 'r'.repeat(257), max: 9 } },
      'resource.name',
    ),
    create('a spec of more than 1 MiB', { study: { spec: specOf({ parameters: [wordy] }) } }, 'study.spec'),
    create(
      'display name',
      { study: { spec: specOf(), displayName: 'x'.repeat(1025) } },
      'study.display_name',
    ),
    spec(
      'one double twice',
      {
        parameters: [
          { name: 'x', domain: double },
          { name: 'x', domain: double },
        ],
      },
      'parameters[1].name',
    ),
  ];
  await refuseAll(t, prepare, look, rows);
});

test('changes of a study', async (t) => {
  const change = (name: string, given: object, mask: string[], ...fields: string[]): Row =>
    invalid(
      name,
      (client) => client.updateStudy({ study: { name: study, ...given }, updateMask: mask }),
      ...fields,
    );
  const state = (name: string, to: StudyState) =>
    refusal<TestClient>(name, 'FAILED_PRECONDITION', 'STUDY_STATE', (client) =>
      client.updateStudy({ study: { name: `${owner}/studies/ended`, state: to } }),
    );
  const rows: Row[] = [
    change('an immutable field', { spec: { seed: 2 } }, ['spec.seed'], 'update_mask'),
    change('the whole spec', { spec: specOf() }, ['spec'], 'update_mask'),
    change('an unknown path', {}, ['colour'], 'update_mask'),
    change('an unknown limit', {}, ['spec.limits.max_fun'], 'update_mask'),
    change('an inherited path', {}, ['spec.limits.constructor'], 'update_mask'),
    change('a wildcard', {}, ['*'], 'update_mask'),
    change('10,000 paths, the last unknown', {}, [...Array<string>(9999).fill('labels'), 'x'], 'update_mask'),
    change('a path of 1 MiB', {}, [mebibyte], 'update_mask'),
    change('one good path and one bad', { displayName: 'new' }, ['display_name', 'uid'], 'update_mask'),
    change('state unspecified', {}, ['state'], 'study.state'),
    change('an unknown state', { state: 9 }, [], 'study.state'),
    change('a negative limit', { spec: { limits: { maxTrials: -1 } } }, [], 'study.spec.limits.max_trials'),
    change(
      '65 labels',
      { labels: Object.fromEntries(Array.from({ length: 65 }, (_, i) => [`k${i}`, 'v'])) },
      [],
      'study.labels',
    ),
    state('ACTIVE after a user has ended it', StudyState.ACTIVE),
    state('PAUSED after a user has ended it', StudyState.PAUSED),
  ];
  await refuseAll(t, prepare, look, rows);
});
