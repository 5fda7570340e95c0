/** The studies that a load works on: a scheduler each, short leases, limits that bite. */
import type { StudySpec } from '../../server/gen/wazir/v1/study.js';
import { owner, scheduler, specOf, withoutResource } from '../rpc/study-requests.js';
import type { Partially } from '../test-client.js';

const second = { seconds: 1 };
const resource = { name: 'epoch', min: 1, max: 9 };

const specs: Readonly<Record<string, Partially<StudySpec>>> = {
  asha: specOf({
    resource: { ...resource, max: 27 },
    leaseDuration: second,
    limits: { maxTrials: 400 },
  }),
  asha_stopping: specOf({
    resource: { ...resource, max: 27 },
    scheduler: scheduler({ $case: 'ashaStopping', value: { eta: 3 } }),
    leaseDuration: { seconds: 2 },
    limits: { maxTrials: 300, maxParallelTrials: 5 },
  }),
  hyperband: specOf({
    resource,
    scheduler: scheduler({ $case: 'hyperband', value: { eta: 3, rounds: 0 } }),
    leaseDuration: second,
    limits: { maxTrials: 300, maxParallelTrials: 8, maxAttempts: 6 },
  }),
  successive_halving: specOf({
    resource,
    scheduler: scheduler({ $case: 'successiveHalving', value: { eta: 3, trials: 18, rounds: 0 } }),
    leaseDuration: second,
    limits: { maxTrials: 300, maxAttempts: 6 },
  }),
  single: specOf({
    ...withoutResource,
    leaseDuration: second,
    limits: { maxTrials: 400, maxParallelTrials: 6, maxAttempts: 2 },
  }),
  quiet: specOf(withoutResource),
};

/** A study of which the newest trial is always one that was deleted. */
export const quietStudy = 'quiet';

export const studyIds = Object.keys(specs);

export function studyName(id: string): string {
  return `${owner}/studies/${id}`;
}

export function idOf(study: string): string {
  return study.slice(studyName('').length);
}

export function specOfStudy(id: string): Partially<StudySpec> {
  return specs[id]!;
}
