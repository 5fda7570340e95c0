/** A study with trials in the states that bad requests are about. */
import type { Trial } from '../../server/gen/wazir/v1/trial.js';
import { StudyState } from '../../server/gen/wazir/v1/trial.js';
import type { TestServer } from '../app/test-server.js';
import type { TestClient } from '../test-client.js';
import { createStudy, oneTrial, owner, withoutResource } from './study-requests.js';

export const study = `${owner}/studies/here`;

export interface World {
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

export async function prepare({ client }: TestServer): Promise<World> {
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

export const look = async ({ client }: TestServer) => [
  await client.listStudies({ parent: owner }),
  // When leases end counts on as time goes by.
  (await client.listTrials({ parent: study })).trials.map(({ assignment, ...trial }) => [
    trial,
    assignment?.attempt,
  ]),
];

export function attemptOf({ name, assignment }: Trial) {
  return { name, attempt: assignment!.attempt };
}

/** A measurement of a loss. */
export function loss(value: number) {
  return { metrics: [{ name: 'loss', value }] };
}
