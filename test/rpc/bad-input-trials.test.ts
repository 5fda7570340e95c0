import { test } from 'node:test';
import type { ParameterValue, Trial } from '../../server/gen/wazir/v1/trial.js';
import { StudyState, TrialState } from '../../server/gen/wazir/v1/trial.js';
import type { TestServer } from '../app/test-server.js';
import type { Partially, TestClient } from '../test-client.js';
import { invalid, refusal, refuseAll, type BadInput } from './bad-input.js';
import { createStudy, oneTrial, owner, withoutResource } from './study-requests.js';

const study = `${owner}/studies/here`;
const mebibyte = 'n'.repeat(2 ** 20);

interface World {
  readonly client: TestClient;
  /** Lent, nothing reported. */
  readonly lent: Trial;
  /** Lent a second time; this is its first attempt. */
  readonly stale: Trial;
  /** Given back. */
  readonly released: Trial;
  /** Ended with a loss of 1. */
  readonly succeeded: Trial;
  /** Ended as infeasible. */
  readonly infeasible: Trial;
  readonly deleted: Trial;
}

async function prepare({ client }: TestServer): Promise<World> {
  await createStudy(client, 'here', {
    ...withoutResource,
    parameters: [
      { name: 'x', domain: { $case: 'double', value: { min: 0, max: 1 } } },
      {
        name: 'kind',
        domain: { $case: 'categorical', value: { values: ['a', 'b'] } },
        children: [
          {
            parentValues: [{ kind: { $case: 'stringValue', value: 'b' } }],
            parameter: { name: 'n', domain: { $case: 'integer', value: { min: 1, max: 9 } } },
          },
        ],
      },
    ],
  });
  const lent = await oneTrial(client, study, 'lent');
  const stale = await oneTrial(client, study, 'stale');
  await oneTrial(client, study, 'stale');
  const released = await oneTrial(client, study, 'released');
  const succeeded = await oneTrial(client, study, 'succeeded');
  const infeasible = await oneTrial(client, study, 'infeasible');
  const deleted = await oneTrial(client, study, 'deleted');
  await client.completeTrial({ ...attemptOf(succeeded), finalMeasurement: loss(1) });
  await client.completeTrial({
    ...attemptOf(infeasible),
    outcome: { $case: 'infeasibleReason', value: 'too big' },
  });
  await client.completeTrial({ ...attemptOf(deleted), finalMeasurement: loss(1) });
  await client.deleteTrial({ name: deleted.name });
  await client.stopTrial({ name: lent.name, requestId: 'known' }).then(() => undefined);
  const again = await oneTrial(client, study, 'again');
  await client.releaseTrial(attemptOf(released));
  await createStudy(client, 'full', { limits: { maxTrials: 1 } });
  await oneTrial(client, `${owner}/studies/full`, 'w');
  await createStudy(client, 'ended');
  await client.updateStudy({ study: { name: `${owner}/studies/ended`, state: StudyState.COMPLETED } });
  return { client, lent: again, stale, released, succeeded, infeasible, deleted };
}

const look = async ({ client }: TestServer) => [
  await client.listStudies({ parent: owner }),
  // When leases end counts on as time goes by.
  (await client.listTrials({ parent: study })).trials.map(({ assignment, ...trial }) => [
    trial,
    assignment?.attempt,
  ]),
];

function attemptOf({ name, assignment }: Trial) {
  return { name, attempt: assignment!.attempt };
}

function loss(value: number) {
  return { metrics: [{ name: 'loss', value }] };
}

type Row = BadInput<World>;

test('names, suggestions and lists', async (t) => {
  const malformed = {
    empty: '',
    'of a study': study,
    'trial 0': `${study}/trials/0`,
    'trial −1': `${study}/trials/-1`,
    'trial 1.5': `${study}/trials/1.5`,
    'trial 01': `${study}/trials/01`,
    'trial 1e0': `${study}/trials/1e0`,
    'trial 2^53': `${study}/trials/9007199254740992`,
    'trial 2^63': `${study}/trials/9223372036854775808`,
    'no trial': `${study}/trials/`,
    'extra slash': `${study}/trials/1/`,
    NUL: `${study}/trials/1\0`,
    '1 MiB': `${study}/trials/${'1'.repeat(2 ** 20)}`,
  };
  const suggest = (name: string, given: object, ...fields: string[]): Row =>
    invalid(
      `SuggestTrials: ${name}`,
      ({ client }) => client.suggestTrials({ parent: study, clientId: 'new', ...given }),
      ...fields,
    );
  const list = (name: string, given: object, ...fields: string[]): Row =>
    invalid(`ListTrials: ${name}`, ({ client }) => client.listTrials({ parent: study, ...given }), ...fields);
  await refuseAll(
    t,
    prepare,
    look,
    [
      ...Object.entries(malformed).map(([name, text]): Row =>
        invalid(`GetTrial: ${name}`, ({ client }) => client.getTrial({ name: text }), 'name'),
      ),
      ...(
        ['completeTrial', 'stopTrial', 'deleteTrial', 'renewLease', 'releaseTrial', 'updateMetadata'] as const
      ).map((method): Row =>
        invalid(`${method}: name`, ({ client }) => client[method]({ name: 'x' }), 'name'),
      ),
      refusal<World>('an unknown trial', 'NOT_FOUND', 'TRIAL_NOT_FOUND', ({ client }) =>
        client.getTrial({ name: `${study}/trials/99` }),
      ),
      refusal<World>('a deleted trial', 'NOT_FOUND', 'TRIAL_NOT_FOUND', ({ client, deleted }) =>
        client.getTrial({ name: deleted.name }),
      ),
      refusal<World>('a trial of an unknown study', 'NOT_FOUND', 'STUDY_NOT_FOUND', ({ client }) =>
        client.getTrial({ name: `${owner}/studies/there/trials/1` }),
      ),
      suggest('no client', { clientId: '' }, 'client_id'),
      suggest('a client of 257 bytes', { clientId: 'x'.repeat(257) }, 'client_id'),
      suggest('count −1', { count: -1 }, 'count'),
      suggest('count 1,001', { count: 1001 }, 'count'),
      suggest('holding trial 0', { holding: [{ trial: 0, attempt: 1 }] }, 'holding[0].trial'),
      suggest(
        'holding attempt 0',
        { holding: [{ trial: 1, attempt: 1 }, { trial: 1 }] },
        'holding[1].attempt',
      ),
      suggest('long request id', { requestId: 'é'.repeat(65) }, 'request_id'),
      suggest('request id of another method', { requestId: 'known' }, 'request_id'),
      invalid<World>(
        'SuggestTrials: name',
        ({ client }) => client.suggestTrials({ clientId: 'w' }),
        'parent',
      ),
      refusal<World>('SuggestTrials: unknown study', 'NOT_FOUND', 'STUDY_NOT_FOUND', ({ client }) =>
        client.suggestTrials({ parent: `${owner}/studies/there`, clientId: 'w' }),
      ),
      list('negative page', { pageSize: -1 }, 'page_size'),
      list('an unknown state', { states: [TrialState.ACTIVE, 99] }, 'states[1]'),
      list('state unspecified', { states: [0] }, 'states[0]'),
      list('an unknown order', { orderBy: 'name' }, 'order_by'),
      list('an order of 1 MiB', { orderBy: mebibyte }, 'order_by'),
      list('garbage token', { pageToken: 'AAAA' }, 'page_token'),
      list('a token of 1 MiB', { pageToken: mebibyte }, 'page_token'),
    ].map((row) => (row.name.endsWith('another method') ? { ...row, reason: 'REQUEST_ID_REUSED' } : row)),
  );
});

test('created trials, and the ends of lent ones', async (t) => {
  const number = (value: number): Partially<ParameterValue> => ({ kind: { $case: 'doubleValue', value } });
  const whole = (value: number): Partially<ParameterValue> => ({ kind: { $case: 'integerValue', value } });
  const word = (value: string): Partially<ParameterValue> => ({ kind: { $case: 'stringValue', value } });
  const good = { x: number(0.5), kind: word('a') };
  const trial = (values: Record<string, Partially<ParameterValue>>, more: object = {}) => ({
    parameters: Object.entries(values).map(([name, value]) => ({ name, value })),
    ...more,
  });
  const create = (name: string, given: ReturnType<typeof trial> | undefined, ...fields: string[]): Row =>
    invalid(
      `CreateTrial: ${name}`,
      ({ client }) => client.createTrial({ parent: study, trial: given }),
      ...fields.map((field) => `trial${field}`),
    );
  const stale = (name: string, call: (world: World) => Promise<unknown>): Row =>
    refusal(name, 'ABORTED', 'STALE_ATTEMPT', call);
  const before = (name: string, reason: string, call: (world: World) => Promise<unknown>): Row =>
    refusal(name, 'FAILED_PRECONDITION', reason, call);
  const metadata = (name: string, updates: object[], ...fields: string[]): Row =>
    invalid(name, ({ client }) => client.updateMetadata({ name: study, updates }), ...fields);
  const checkpoint = (name: string, given: object, ...fields: string[]): Row =>
    invalid(
      name,
      ({ client, lent }) => client.renewLease({ ...attemptOf(lent), checkpoint: given }),
      ...fields,
    );
  await refuseAll(t, prepare, look, [
    create('none', undefined, ''),
    create('outside its range', trial({ ...good, x: number(1.5) }), '.parameters[0].value'),
    create('NaN', trial({ ...good, x: number(NaN) }), '.parameters[0].value'),
    create('missing', trial({ kind: word('a') }), '.parameters'),
    create('a missing child', trial({ ...good, kind: word('b') }), '.parameters'),
    create('inactive', trial({ ...good, n: whole(1) }), '.parameters[2].name'),
    create('unknown', trial({ ...good, z: whole(1) }), '.parameters[2].name'),
    create('of another type', trial({ ...good, x: word('a') }), '.parameters[0].value'),
    create('no value', trial({ ...good, x: {} }), '.parameters[0].value'),
    create(
      'twice',
      { parameters: [...trial(good).parameters, { name: 'x', value: number(0) }] },
      '.parameters[2].name',
    ),
    create(
      'final without metric',
      trial(good, { finalMeasurement: { step: 1 } }),
      '.final_measurement.metrics',
    ),
    create(
      'final at step −1',
      trial(good, { finalMeasurement: { ...loss(1), step: -1 } }),
      '.final_measurement.step',
    ),
    create('label', trial(good, { labels: { k: 'v'.repeat(257) } }), '.labels["k"]'),
    create('metadata twice', trial(good, { metadata: [{ key: 'k' }, { key: 'k' }] }), '.metadata[1].key'),
    before('CreateTrial: a completed study', 'STUDY_COMPLETED', ({ client }) =>
      client.createTrial({ parent: `${owner}/studies/ended`, trial: trial({ x: number(0) }) }),
    ),
    refusal('CreateTrial: over max_trials', 'RESOURCE_EXHAUSTED', 'LIMIT_EXCEEDED', ({ client }) =>
      client.createTrial({ parent: `${owner}/studies/full`, trial: trial({ x: number(0) }) }),
    ),

    invalid('no attempt', ({ client, lent }) => client.renewLease({ name: lent.name }), 'attempt'),
    invalid(
      'a negative attempt',
      ({ client, lent }) => client.releaseTrial({ name: lent.name, attempt: -1 }),
      'attempt',
    ),
    invalid(
      'an attempt to come',
      ({ client, lent }) => client.completeTrial({ name: lent.name, attempt: 9, finalMeasurement: loss(1) }),
      'attempt',
    ),
    stale('RenewLease: an old attempt', ({ client, stale: old }) => client.renewLease(attemptOf(old))),
    stale('ReleaseTrial: an old attempt', ({ client, stale: old }) => client.releaseTrial(attemptOf(old))),
    stale('CompleteTrial: an old attempt', ({ client, stale: old }) =>
      client.completeTrial({ ...attemptOf(old), finalMeasurement: loss(1) }),
    ),
    stale('RenewLease: given back', ({ client, released }) => client.renewLease(attemptOf(released))),
    stale('CompleteTrial: given back', ({ client, released }) =>
      client.completeTrial({ ...attemptOf(released), finalMeasurement: loss(1) }),
    ),
    refusal('the uid of another study', 'NOT_FOUND', 'STUDY_RECREATED', ({ client, lent }) =>
      client.renewLease({ ...attemptOf(lent), studyUid: '0123456789abcdef' }),
    ),
    before('CompleteTrial: nothing to end it with', 'NO_MEASUREMENT', ({ client, lent }) =>
      client.completeTrial(attemptOf(lent)),
    ),
    before(
      'CompleteTrial: another final measurement',
      'FINAL_MEASUREMENT_CONFLICT',
      ({ client, succeeded }) => client.completeTrial({ ...attemptOf(succeeded), finalMeasurement: loss(2) }),
    ),
    before('CompleteTrial: another outcome', 'TRIAL_ENDED', ({ client, succeeded }) =>
      client.completeTrial({ ...attemptOf(succeeded), outcome: { $case: 'failureReason', value: 'x' } }),
    ),
    before('RenewLease: ended', 'TRIAL_ENDED', ({ client, succeeded }) =>
      client.renewLease(attemptOf(succeeded)),
    ),
    before('StopTrial: ended', 'TRIAL_ENDED', ({ client, infeasible }) =>
      client.stopTrial({ name: infeasible.name }),
    ),
    before('DeleteTrial: lent', 'TRIAL_LENT', ({ client, lent }) => client.deleteTrial({ name: lent.name })),
    invalid(
      'CompleteTrial: no ranking metric',
      ({ client, lent }) => client.completeTrial({ ...attemptOf(lent), finalMeasurement: { step: 1 } }),
      'final_measurement.metrics',
    ),
    invalid(
      'CompleteTrial: a reason of 4,097 bytes',
      ({ client, lent }) =>
        client.completeTrial({
          ...attemptOf(lent),
          outcome: { $case: 'failureReason', value: 'x'.repeat(4097) },
        }),
      'failure_reason',
    ),
    checkpoint('a checkpoint at step 0', { step: 0, uri: 'x' }, 'checkpoint.step'),
    checkpoint('a checkpoint beyond what was reported', { step: 1, uri: 'x' }, 'checkpoint.step'),
    metadata('no update', [], 'updates'),
    metadata('an update without metadata', [{ trial: 1 }], 'updates[0].metadata'),
    metadata('an update without key', [{ metadata: { namespace: 'n' } }], 'updates[0].metadata.key'),
    metadata('of trial −1', [{ trial: -1, metadata: { key: 'k' } }], 'updates[0].trial'),
    metadata(
      'all or nothing: the second is too large',
      [
        { metadata: { key: 'good', value: { $case: 'text', value: 'x' } } },
        { metadata: { key: 'bad', value: { $case: 'text', value: `${mebibyte}x` } } },
      ],
      'updates',
    ),
    refusal('all or nothing: the second trial is not there', 'NOT_FOUND', 'TRIAL_NOT_FOUND', ({ client }) =>
      client.updateMetadata({
        name: study,
        updates: [1, 99].map((id) => ({
          trial: id,
          metadata: { key: 'k', value: { $case: 'text', value: 'x' } },
        })),
      }),
    ),
  ]);
});
