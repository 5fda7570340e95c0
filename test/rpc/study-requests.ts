/** Requests that many tests send. */
import type { CreateStudyRequest, SchedulerSpec, Study, StudySpec } from '../../server/gen/wazir/v1/study.js';
import { MetricGoal } from '../../server/gen/wazir/v1/study.js';
import type { Trial } from '../../server/gen/wazir/v1/trial.js';
import type { Partially, TestClient } from '../test-client.js';

export const owner = 'owners/default';

/** One double from 0 to 1, a loss to be minimised, ASHA over 1, 3 and 9 epochs, a fixed seed; what is given stands over it. */
export function specOf(given: Partially<StudySpec> = {}): Partially<StudySpec> {
  return {
    parameters: [{ name: 'x', domain: { $case: 'double', value: { min: 0, max: 1 } } }],
    metrics: [{ name: 'loss', goal: MetricGoal.MINIMIZE }],
    resource: { name: 'epoch', min: 1, max: 9 },
    scheduler: scheduler({ $case: 'asha', value: { eta: 3 } }),
    seed: 1,
    ...given,
  };
}

export function scheduler(kind: Partially<NonNullable<SchedulerSpec['kind']>>): Partially<SchedulerSpec> {
  return { kind };
}

/** Trials that end by CompleteTrial alone. */
export const withoutResource: Partially<StudySpec> = { resource: undefined, scheduler: undefined };

/** Synchronous successive halving of so many trials over 1, 3 and 9 epochs. */
export function synchronous(trials: number, rounds = 1): Partially<StudySpec> {
  return { scheduler: scheduler({ $case: 'successiveHalving', value: { eta: 3, trials, rounds } }) };
}

export function studyRequest(
  studyId: string,
  spec: Partially<StudySpec> = {},
): Partially<CreateStudyRequest> {
  return { parent: owner, studyId, study: { spec: specOf(spec) } };
}

/** Creates a study. */
export function createStudy(
  client: TestClient,
  studyId: string,
  spec: Partially<StudySpec> = {},
): Promise<Study> {
  return client.createStudy(studyRequest(studyId, spec));
}

/** Asks for one trial until there is one. */
export async function oneTrial(client: TestClient, study: string, clientId: string): Promise<Trial> {
  const { trials } = await client.suggestTrials({ parent: study, clientId });
  const [trial] = trials;
  if (!trial) throw new Error(`${clientId} got no trial of ${study}`);
  return trial;
}

/** A report of the loss, under the attempt of the trial's assignment. */
export function reportOf(trial: Trial, step: number, loss: number) {
  return {
    trial: trial.name,
    attempt: trial.assignment!.attempt,
    studyUid: trial.assignment!.studyUid,
    measurement: { step, metrics: [{ name: 'loss', value: loss }] },
  };
}
