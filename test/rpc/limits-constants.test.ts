/** Bounds of the contract that are no flags: what is just within is taken, what is just beyond refused. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MetricGoal } from '../../server/gen/wazir/v1/study.js';
import type { Trial } from '../../server/gen/wazir/v1/trial.js';
import { startTestServer } from '../app/test-server.js';
import type { TestClient } from '../test-client.js';
import { refusedWith } from './refusal.js';
import { createStudy, oneTrial, owner, reportOf, specOf, withoutResource } from './study-requests.js';

interface World {
  readonly client: TestClient;
  readonly study: string;
  readonly lent: Trial;
}

interface Bound {
  readonly of: string;
  readonly most: number;
  readonly field: string;
  /** Asks for something of that length or number; each time anew. */
  readonly call: (world: World, size: number) => Promise<unknown>;
}

const letters = (count: number) => 'x'.repeat(count);
const double = { $case: 'double' as const, value: { min: 0, max: 1 } };
const point = [{ name: 'x', value: { kind: { $case: 'doubleValue' as const, value: 0 } } }];
const minimize = MetricGoal.MINIMIZE;
const number = (count: number) => Array.from({ length: count }, (_, i) => i);

let made = 0;
const create = ({ client }: World, study: object, spec: object = {}) =>
  client.createStudy({ parent: owner, studyId: `s${made++}`, study: { spec: specOf(spec), ...study } });

const bounds: readonly Bound[] = [
  {
    of: 'a study id',
    most: 256,
    field: 'study_id',
    call: ({ client }, size) =>
      client.createStudy({ parent: owner, studyId: letters(size), study: { spec: specOf() } }),
  },
  {
    of: 'an owner id',
    most: 256,
    field: 'parent',
    call: ({ client }, size) => client.listStudies({ parent: `owners/${letters(size)}` }),
  },
  {
    of: 'a request id',
    most: 128,
    field: 'request_id',
    call: ({ client, study }, size) =>
      client.updateStudy({ study: { name: study, displayName: 'x' }, requestId: letters(size) }),
  },
  {
    of: 'a display name',
    most: 1024,
    field: 'study.display_name',
    call: (world, size) => create(world, { displayName: letters(size) }),
  },
  {
    of: 'labels',
    most: 64,
    field: 'study.labels',
    call: (world, size) =>
      create(world, { labels: Object.fromEntries(number(size).map((i) => [`k${i}`, 'v'])) }),
  },
  {
    of: 'a value of a label',
    most: 256,
    field: 'study.labels["k"]',
    call: (world, size) => create(world, { labels: { k: letters(size) } }),
  },
  {
    of: 'a key of a label, in UTF-8',
    most: 256,
    field: `study.labels["${'é'.repeat(128)}x"]`,
    call: (world, size) => create(world, { labels: { ['é'.repeat(128) + letters(size - 256)]: 'v' } }),
  },
  {
    of: 'a key of metadata',
    most: 256,
    field: 'updates[0].metadata.key',
    call: ({ client, study: name }, size) =>
      client.updateMetadata({ name, updates: [{ metadata: { key: letters(size) } }] }),
  },
  {
    of: 'a namespace of metadata',
    most: 256,
    field: 'updates[0].metadata.key',
    call: ({ client, study: name }, size) =>
      client.updateMetadata({ name, updates: [{ metadata: { key: 'k', namespace: letters(size) } }] }),
  },
  {
    of: 'metrics',
    most: 100,
    field: 'study.spec.metrics',
    call: (world, size) =>
      create(world, {}, { metrics: number(size).map((i) => ({ name: `m${i}`, goal: minimize })) }),
  },
  {
    of: 'a name of a metric',
    most: 256,
    field: 'study.spec.metrics[0].name',
    call: (world, size) => create(world, {}, { metrics: [{ name: letters(size), goal: minimize }] }),
  },
  {
    of: 'a name of a parameter',
    most: 256,
    field: 'study.spec.parameters[0].name',
    call: (world, size) => create(world, {}, { parameters: [{ name: letters(size), domain: double }] }),
  },
  {
    of: 'a name of a resource',
    most: 256,
    field: 'study.spec.resource.name',
    call: (world, size) => create(world, {}, { resource: { name: letters(size), min: 1, max: 9 } }),
  },
  {
    of: 'seconds of a lease',
    most: 30 * 86_400,
    field: 'study.spec.lease_duration',
    call: (world, seconds) => create(world, {}, { leaseDuration: { seconds } }),
  },
  {
    of: 'seconds of a duration',
    most: 315_576_000_000,
    field: 'study.spec.limits.max_duration',
    call: (world, seconds) => create(world, {}, { limits: { maxDuration: { seconds } } }),
  },
  {
    of: 'a client id',
    most: 256,
    field: 'client_id',
    call: ({ client, study: parent }, size) => client.suggestTrials({ parent, clientId: letters(size) }),
  },
  {
    of: 'trials asked for at once',
    most: 1000,
    field: 'count',
    call: ({ client, study: parent }, count) => client.suggestTrials({ parent, clientId: 'many', count }),
  },
  {
    of: 'a reason of infeasibility',
    most: 4096,
    field: 'infeasible_reason',
    call: async ({ client, study }, size) => {
      const { name } = await oneTrial(client, study, `c${made++}`);
      const outcome = { $case: 'infeasibleReason' as const, value: letters(size) };
      return client.completeTrial({ name, attempt: 1, outcome });
    },
  },
  {
    of: 'a reason of failure',
    most: 4096,
    field: 'failure_reason',
    call: async ({ client, study }, size) => {
      const { name } = await oneTrial(client, study, `c${made++}`);
      const outcome = { $case: 'failureReason' as const, value: letters(size) };
      return client.completeTrial({ name, attempt: 1, outcome });
    },
  },
  {
    of: 'a reason of infeasibility of a created trial',
    most: 4096,
    field: 'trial.infeasible_reason',
    call: ({ client, study: parent }, size) =>
      client.createTrial({ parent, trial: { parameters: point, infeasibleReason: letters(size) } }),
  },
  {
    of: 'a place of a checkpoint',
    most: 4096,
    field: 'checkpoint.uri',
    call: ({ client, lent: { name } }, size) =>
      client.renewLease({ name, attempt: 1, checkpoint: { step: 1, uri: letters(size) } }),
  },
  {
    of: 'steps of a checkpoint',
    most: 1,
    field: 'checkpoint.step',
    call: ({ client, lent: { name } }, step) =>
      client.renewLease({ name, attempt: 1, checkpoint: { step, uri: 'x' } }),
  },
];

test('each bound, at it and one over', async (t) => {
  const { client } = await startTestServer(t);
  const { name: study } = await createStudy(client, 'here', withoutResource);
  const lent = await oneTrial(client, study, 'lent');
  await client.reportMeasurement(reportOf(lent, 1, 0.5));
  const world = { client, study, lent };
  for (const { of, most, field, call } of bounds)
    await t.test(`${of}: ${most}`, async () => {
      await call(world, most);
      const { message } = await refusedWith(
        call(world, most + 1),
        'INVALID_ARGUMENT',
        'INVALID_FIELD',
        field,
      );
      assert.ok(message.startsWith(field), message);
    });
});
