/** Measurements: checks, comparison, and the loss by which schedulers rank. */
import type { Measurement, MetricValue } from '../gen/wazir/v1/measurement.js';
import { MetricGoal, type MetricSpec } from '../gen/wazir/v1/study.js';
import { durationFault } from './duration-check.js';
import { invalid } from './errors.js';

/**
 * Throws INVALID_FIELD, with paths below `field`, unless the measurement names
 * metrics of the study, each once and at least one, at a step of 0 or more.
 */
export function checkMeasurement(
  field: string,
  measurement: Measurement,
  metrics: readonly MetricSpec[],
): void {
  // Below 2^53 already: larger numbers do not decode.
  if (measurement.step < 0) throw invalid(`${field}.step`, 'must not be negative');
  const fault = measurement.elapsed && durationFault(measurement.elapsed);
  if (fault !== undefined) throw invalid(`${field}.elapsed`, fault);
  const given = measurement.metrics;
  if (given.length === 0) throw invalid(`${field}.metrics`, 'must hold at least one value');
  for (let i = 0; i < given.length; i++) {
    const name = given[i]!.name;
    if (!metrics.some((metric) => metric.name === name))
      throw invalid(`${field}.metrics[${i}].name`, `${JSON.stringify(name)} is no metric of the study`);
    for (let j = 0; j < i; j++)
      if (given[j]!.name === name)
        throw invalid(`${field}.metrics[${i}].name`, `${JSON.stringify(name)} is given twice`);
  }
}

export function valueOf(measurement: Measurement, metric: string): number | undefined {
  return measurement.metrics.find((value) => value.name === metric)?.value;
}

/** The metric as a loss: lower is better. Negated here, once, where it is maximised. */
export function lossOf(value: number, goal: MetricGoal): number {
  return goal === MetricGoal.MAXIMIZE ? -value : value;
}

/** Whether `loss` is better than `than`; NaN is worse than every number and never better. */
export function isBetter(loss: number, than: number): boolean {
  return Number.isNaN(than) ? !Number.isNaN(loss) : loss < than;
}

/**
 * What a report sent again adds to what is known of its step: the metrics that
 * are new, or `conflict`, the name of one whose value differs (−0 and 0 do not,
 * NaN equals NaN).
 */
export function compareReports(
  known: readonly MetricValue[],
  given: readonly MetricValue[],
): { readonly added: MetricValue[]; readonly conflict: string | undefined } {
  const added: MetricValue[] = [];
  for (const metric of given) {
    const before = known.find((value) => value.name === metric.name);
    if (!before) added.push(metric);
    else if (before.value !== metric.value && !(Number.isNaN(before.value) && Number.isNaN(metric.value)))
      return { added: [], conflict: metric.name };
  }
  return { added, conflict: undefined };
}
