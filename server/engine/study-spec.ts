/** A study's spec: what is wrong with it, and the defaults that it runs with. */
import { durationFault } from '../domain/duration-check.js';
import { invalid, invalidFields, type Violation } from '../domain/errors.js';
import { limitExceeded, type Limits } from '../domain/limits.js';
import { checkParameters, compileSpace, countParameters } from '../domain/space.js';
import { MeasurementSelection, MetricGoal, type ParameterSpec } from '../domain/spec.js';
import { StudySpec } from '../gen/wazir/v1/study.js';
import { samplerOf } from '../policy/samplers/index.js';
import { schedulerOf } from '../policy/schedulers/index.js';
import { toMilliseconds } from './clock.js';
import { limitFaults, withDefaultLimits } from './study-limits.js';

const defaultLeaseSeconds = 60;
const leaseMs = { least: 1000, most: 30 * 24 * 60 * 60 * 1000 };
const maxNameBytes = 256;
const maxMetrics = 100;
// A study must be small enough to be sent in one message, and is written whole when it changes.
const maxSpecBytes = 1 << 20;

/**
 * Checks a spec and fills in its defaults.
 * @param field path of the spec in the request
 * @param seed for a study that names none
 * @param of whose study it is
 * @throws INVALID_FIELD with all that is wrong, LIMIT_EXCEEDED
 */
export function completeSpec(
  spec: StudySpec,
  field: string,
  seed: number,
  of: { readonly subject: string; readonly limits: Limits },
): StudySpec {
  // First, so that what all else costs is bounded.
  const { maxParameters } = of.limits;
  if (countParameters(spec.parameters, maxParameters) > maxParameters)
    throw limitExceeded('maxParameters', of.limits, of.subject, { field: `${field}.parameters` });
  const faults = [
    ...checkParameters(spec.parameters, `${field}.parameters`),
    ...metricFaults(spec, field),
    ...resourceFaults(spec, field),
    ...(spec.limits ? limitFaults(spec.limits, `${field}.limits`) : []),
    ...otherFaults(spec, field),
  ];
  if (faults.length > 0) throw invalidFields(faults);
  if (StudySpec.encode(spec).finish().length > maxSpecBytes)
    throw invalid(field, `must be at most ${maxSpecBytes} bytes as a message`);
  const complete: StudySpec = {
    ...spec,
    parameters: spec.parameters.map(sorted),
    resource: spec.resource && { ...spec.resource, min: spec.resource.min || 1 },
    limits: withDefaultLimits(spec.limits),
    leaseDuration: spec.leaseDuration ?? { seconds: defaultLeaseSeconds, nanos: 0 },
    measurementSelection: spec.measurementSelection || MeasurementSelection.LAST,
    seed: spec.seed ?? seed,
  };
  return withPolicies(complete, field);
}

/** The parameter with its listed numbers in order, and those of its children. */
function sorted(parameter: ParameterSpec): ParameterSpec {
  const { domain, children } = parameter;
  return {
    ...parameter,
    domain:
      domain?.$case === 'discrete'
        ? { $case: 'discrete', value: { values: [...domain.value.values].sort((a, b) => a - b) } }
        : domain,
    children: children.map((child) => ({ ...child, parameter: child.parameter && sorted(child.parameter) })),
  };
}

function withPolicies(spec: StudySpec, field: string): StudySpec {
  const sampler = samplerOf(spec);
  const scheduler = schedulerOf(spec);
  const faults = scheduler.check(spec);
  if (faults.length === 0) faults.push(...sampler.check(spec, compileSpace(spec.parameters)));
  if (faults.length > 0)
    throw invalidFields(faults.map((fault) => ({ ...fault, field: `${field}.${fault.field}` })));
  const complete = scheduler.withDefaults(spec);
  return complete.sampler?.kind
    ? complete
    : { ...complete, sampler: { kind: { $case: 'random', value: {} } } };
}

function metricFaults({ metrics }: StudySpec, field: string): Violation[] {
  const faults: Violation[] = [];
  if (metrics.length === 0) faults.push({ field: `${field}.metrics`, description: 'must hold at least one' });
  if (metrics.length > maxMetrics)
    return [{ field: `${field}.metrics`, description: `must hold at most ${maxMetrics}` }];
  const seen = new Set<string>();
  metrics.forEach(({ name, goal }, i) => {
    const at = `${field}.metrics[${i}]`;
    if (name === '' || Buffer.byteLength(name) > maxNameBytes)
      faults.push({ field: `${at}.name`, description: `must have 1 to ${maxNameBytes} bytes` });
    if (seen.has(name)) faults.push({ field: `${at}.name`, description: 'is given twice' });
    seen.add(name);
    if (goal !== MetricGoal.MAXIMIZE && goal !== MetricGoal.MINIMIZE)
      faults.push({ field: `${at}.goal`, description: 'must be MAXIMIZE or MINIMIZE' });
  });
  return faults;
}

function resourceFaults({ resource }: StudySpec, field: string): Violation[] {
  if (!resource) return [];
  const faults: Violation[] = [];
  const at = `${field}.resource`;
  const min = resource.min || 1;
  if (min < 1) faults.push({ field: `${at}.min`, description: 'must be at least 1' });
  if (resource.max < 1) faults.push({ field: `${at}.max`, description: 'must be at least 1' });
  else if (min > resource.max) faults.push({ field: `${at}.min`, description: 'must not be above max' });
  if (Buffer.byteLength(resource.name) > maxNameBytes)
    faults.push({ field: `${at}.name`, description: `must be at most ${maxNameBytes} bytes` });
  return faults;
}

function otherFaults({ leaseDuration, measurementSelection }: StudySpec, field: string): Violation[] {
  const faults: Violation[] = [];
  if (leaseDuration) {
    const ms = toMilliseconds(leaseDuration);
    if (durationFault(leaseDuration) !== undefined || ms < leaseMs.least || ms > leaseMs.most)
      faults.push({ field: `${field}.lease_duration`, description: 'must be from 1 s to 30 days' });
  }
  if (MeasurementSelection[measurementSelection] === undefined || Number(measurementSelection) < 0)
    faults.push({ field: `${field}.measurement_selection`, description: 'is no known selection' });
  return faults;
}
