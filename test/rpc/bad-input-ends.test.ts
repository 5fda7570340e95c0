import { test } from 'node:test';
import type { ParameterValue } from '../../server/gen/wazir/v1/trial.js';
import type { Partially } from '../test-client.js';
import { invalid, overLimit, refusal, refuseAll, type BadInput } from './bad-input.js';
import { attemptOf, look, loss, prepare, study, type World } from './bad-input-world.js';
import { owner } from './study-requests.js';

const mebibyte = 'n'.repeat(2 ** 20);

type Row = BadInput<World>;

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
    overLimit(
      'all or nothing: the second is too large',
      ({ client }) =>
        client.updateMetadata({
          name: study,
          updates: [
            { metadata: { key: 'good', value: { $case: 'text', value: 'x' } } },
            { metadata: { key: 'bad', value: { $case: 'text', value: `${mebibyte}x` } } },
          ],
        }),
      'updates',
    ),
    metadata(
      'of 10,001 trials',
      Array.from({ length: 10_001 }, (_, i) => ({ trial: i + 1, metadata: { key: 'k' } })),
      'updates',
    ),
    metadata('a key of 257 bytes', [{ metadata: { key: 'k'.repeat(257) } }], 'updates[0].metadata.key'),
    checkpoint('a checkpoint whose place is too long', { step: 1, uri: mebibyte }, 'checkpoint.step'),
    overLimit(
      'CreateTrial: metadata over the limit',
      ({ client }) =>
        client.createTrial({
          parent: study,
          trial: trial(good, { metadata: [{ key: 'k', value: { $case: 'text', value: `${mebibyte}x` } }] }),
        }),
      'trial.metadata',
    ),
    create('unknown, by 1 MiB', trial({ ...good, [mebibyte]: whole(1) }), '.parameters[2].name'),
    create(
      'final with nanos that are a second',
      trial(good, { finalMeasurement: { ...loss(1), elapsed: { nanos: 1e9 } } }),
      '.final_measurement.elapsed',
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
