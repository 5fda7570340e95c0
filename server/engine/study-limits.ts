/** The limits of a study: what is wrong with them, and what unset ones mean. */
import { durationFault } from '../domain/duration-check.js';
import type { Violation } from '../domain/errors.js';
import { StudyLimits } from '../gen/wazir/v1/study.js';
import { toMilliseconds } from './clock.js';

const defaults = { maxConsecutiveInfeasible: 100, maxAttempts: 3 };

/** Fills in the limits that every study has. */
export function withDefaultLimits(limits: StudyLimits | undefined): StudyLimits {
  const given = limits ?? StudyLimits.fromPartial({});
  return {
    ...given,
    maxConsecutiveInfeasible: given.maxConsecutiveInfeasible || defaults.maxConsecutiveInfeasible,
    maxAttempts: given.maxAttempts || defaults.maxAttempts,
  };
}

/** What is wrong with limits; fields below `field`. */
export function limitFaults(limits: StudyLimits, field: string): Violation[] {
  const faults: Violation[] = [];
  const counts: readonly [string, number][] = [
    ['max_trials', limits.maxTrials],
    ['max_total_resource', limits.maxTotalResource],
    ['max_parallel_trials', limits.maxParallelTrials],
    ['max_consecutive_infeasible', limits.maxConsecutiveInfeasible],
    ['max_attempts', limits.maxAttempts],
  ];
  for (const [name, value] of counts)
    if (value < 0) faults.push({ field: `${field}.${name}`, description: 'must not be negative' });
  const durations = [
    ['max_duration', limits.maxDuration],
    ['max_time_without_progress', limits.maxTimeWithoutProgress],
  ] as const;
  for (const [name, value] of durations) {
    const fault =
      value && (durationFault(value) ?? (toMilliseconds(value) > 0 ? undefined : 'must not be zero'));
    if (fault !== undefined) faults.push({ field: `${field}.${name}`, description: fault });
  }
  return faults;
}
