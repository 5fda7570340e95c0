import type { SchedulerSpec, StudySpec } from '../../../server/domain/spec.js';
import { MeasurementSelection, MetricGoal } from '../../../server/domain/spec.js';

/**
 * A study's spec, as far as schedulers look at it.
 * @param max of the resource; undefined for a study without one
 */
export function specOf(
  kind: SchedulerSpec['kind'],
  max: number | undefined,
  min = 1,
  maxTrials = 0,
): StudySpec {
  return {
    parameters: [],
    metrics: [{ name: 'loss', goal: MetricGoal.MINIMIZE }],
    resource: max === undefined ? undefined : { name: 'epoch', min, max },
    sampler: undefined,
    scheduler: { kind },
    limits: {
      maxTrials,
      maxTotalResource: 0,
      maxParallelTrials: 0,
      maxConsecutiveInfeasible: 0,
      maxAttempts: 0,
      maxDuration: undefined,
      maxTimeWithoutProgress: undefined,
    },
    leaseDuration: undefined,
    measurementSelection: MeasurementSelection.LAST,
  };
}
