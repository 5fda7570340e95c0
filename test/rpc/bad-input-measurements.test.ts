import { test } from 'node:test';
import { type Measurement } from '../../server/gen/wazir/v1/measurement.js';
import { MetricGoal } from '../../server/gen/wazir/v1/study.js';
import type { Trial } from '../../server/gen/wazir/v1/trial.js';
import type { TestServer } from '../app/test-server.js';
import type { Partially, TestClient } from '../test-client.js';
import { invalid, refusal, refuseAll, type BadInput } from './bad-input.js';
import { createStudy, oneTrial, owner, reportOf } from './study-requests.js';

const study = `${owner}/studies/here`;

interface World {
  readonly client: TestClient;
  /** Lent, step 1 reported with a loss of 0.5. */
  readonly lent: Trial;
  /** Lent a second time; this is its first attempt. */
  readonly stale: Trial;
  /** Given back. */
  readonly released: Trial;
  /** Paused at step 1 and saved. */
  readonly paused: Trial;
  readonly ended: Trial;
}

async function prepare({ client }: TestServer): Promise<World> {
  await createStudy(client, 'here', {
    resource: { min: 3, max: 9 },
    metrics: [
      { name: 'loss', goal: MetricGoal.MINIMIZE },
      { name: 'accuracy', goal: MetricGoal.MAXIMIZE },
    ],
  });
  const lent = await oneTrial(client, study, 'lent');
  await client.reportMeasurement(reportOf(lent, 1, 0.5));
  const stale = await oneTrial(client, study, 'stale');
  await oneTrial(client, study, 'stale');
  const released = await oneTrial(client, study, 'released');
  await client.releaseTrial({ name: released.name, attempt: 1 });
  // Else the next asker would get it back.
  const stolen = await oneTrial(client, study, 'thief');
  await client.releaseTrial({ name: stolen.name, attempt: 2 });
  await oneTrial(client, study, 'second thief');
  const paused = await oneTrial(client, study, 'paused');
  await client.reportMeasurement(reportOf(paused, 3, 0.5));
  await client.releaseTrial({ name: paused.name, attempt: 1, checkpoint: { step: 3, uri: 'x' } });
  const ended = await oneTrial(client, study, 'ended');
  await client.reportMeasurement(reportOf(ended, 9, 0.9));
  return { client, lent, stale, released, paused, ended };
}

const look = async ({ client }: TestServer) => {
  const { trials } = await client.listTrials({ parent: study });
  return Promise.all(
    trials.map(async ({ assignment, ...trial }) => [
      trial,
      assignment?.attempt,
      await client.listMeasurements({ parent: trial.name, showSuperseded: true }),
    ]),
  );
};

/** A report on the lent trial that is refused; the fields lie below `measurement`. */
function report(name: string, given: Partially<Measurement>, ...fields: string[]): BadInput<World> {
  return invalid(
    name,
    ({ client, lent }) =>
      client.reportMeasurement({
        ...reportOf(lent, 2, 0.1),
        measurement: { ...reportOf(lent, 2, 0.1).measurement, ...given },
      }),
    ...fields.map((field) => `measurement.${field}`),
  );
}

test('measurements', async (t) => {
  const loss = { name: 'loss', value: 1 };
  await refuseAll<World>(t, prepare, look, [
    report('an unknown metric', { metrics: [loss, { name: 'speed', value: 1 }] }, 'metrics[1].name'),
    report(
      'a metric named by 1 MiB',
      { metrics: [{ name: 'n'.repeat(2 ** 20), value: 1 }] },
      'metrics[0].name',
    ),
    report('an unnamed metric', { metrics: [{ value: 1 }] }, 'metrics[0].name'),
    report('no metric', { metrics: [] }, 'metrics'),
    report('a metric twice', { metrics: [loss, loss] }, 'metrics[1].name'),
    report('step −1', { step: -1 }, 'step'),
    report('elapsed below 0', { elapsed: { seconds: -1 } }, 'elapsed'),
    report('elapsed of nanos that are a second', { elapsed: { nanos: 1e9 } }, 'elapsed'),
    report('elapsed of 10,001 years', { elapsed: { seconds: 315_576_000_001 } }, 'elapsed'),
    report('elapsed a nanosecond below 0', { elapsed: { nanos: -1 } }, 'elapsed'),
    invalid(
      'no measurement',
      ({ client, lent }) => client.reportMeasurement({ trial: lent.name, attempt: 1 }),
      'measurement',
    ),
    invalid(
      'no attempt',
      ({ client, lent }) => client.reportMeasurement({ ...reportOf(lent, 2, 1), attempt: 0 }),
      'attempt',
    ),
    invalid(
      'an attempt to come',
      ({ client, lent }) => client.reportMeasurement({ ...reportOf(lent, 2, 1), attempt: 2 }),
      'attempt',
    ),
    invalid(
      'a name of a study',
      ({ client, lent }) => client.reportMeasurement({ ...reportOf(lent, 2, 1), trial: study }),
      'trial',
    ),
    refusal('a known step with another value', 'ALREADY_EXISTS', 'MEASUREMENT_CONFLICT', ({ client, lent }) =>
      client.reportMeasurement(reportOf(lent, 1, 0.4)),
    ),
    refusal('a known step with NaN', 'ALREADY_EXISTS', 'MEASUREMENT_CONFLICT', ({ client, lent }) =>
      client.reportMeasurement(reportOf(lent, 1, NaN)),
    ),
    refusal(
      'a known step of an ended trial with another value',
      'ALREADY_EXISTS',
      'MEASUREMENT_CONFLICT',
      ({ client, ended }) => client.reportMeasurement(reportOf(ended, 9, 0.8)),
    ),
    refusal('an old attempt', 'ABORTED', 'STALE_ATTEMPT', ({ client, stale }) =>
      client.reportMeasurement(reportOf(stale, 1, 1)),
    ),
    refusal('the attempt that was given back', 'ABORTED', 'STALE_ATTEMPT', ({ client, released }) =>
      client.reportMeasurement(reportOf(released, 1, 1)),
    ),
    refusal('after the checkpoint was handed in', 'ABORTED', 'STALE_ATTEMPT', ({ client, paused }) =>
      client.reportMeasurement(reportOf(paused, 4, 1)),
    ),
    refusal('an ended trial', 'FAILED_PRECONDITION', 'TRIAL_ENDED', ({ client, ended }) =>
      client.reportMeasurement(reportOf(ended, 8, 1)),
    ),
    refusal('an unknown trial', 'NOT_FOUND', 'TRIAL_NOT_FOUND', ({ client, lent }) =>
      client.reportMeasurement({ ...reportOf(lent, 2, 1), trial: `${study}/trials/99` }),
    ),
    refusal('the uid of another study', 'NOT_FOUND', 'STUDY_RECREATED', ({ client, lent }) =>
      client.reportMeasurement({ ...reportOf(lent, 2, 1), studyUid: '0123456789abcdef' }),
    ),
    invalid('ListMeasurements: name', ({ client }) => client.listMeasurements({ parent: study }), 'parent'),
    invalid(
      'ListMeasurements: page',
      ({ client, lent }) => client.listMeasurements({ parent: lent.name, pageSize: -1 }),
      'page_size',
    ),
    invalid(
      'ListMeasurements: token',
      ({ client, lent }) => client.listMeasurements({ parent: lent.name, pageToken: 'x' }),
      'page_token',
    ),
    refusal('ListMeasurements: an unknown trial', 'NOT_FOUND', 'TRIAL_NOT_FOUND', ({ client }) =>
      client.listMeasurements({ parent: `${study}/trials/99` }),
    ),
  ]);
});
