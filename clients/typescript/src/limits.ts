import { duration } from './duration.js';
import type { StudyLimits } from './gen/wazir/v1/study.js';

/** When a study ends. What is not set, or 0, is no limit unless said otherwise. */
export interface Limits {
  /** Trials created; infeasible ones and warm starts do not count. */
  readonly maxTrials?: number;
  /** Steps trained over all trials. */
  readonly maxTotalResource?: number;
  /** Trials lent at the same time. */
  readonly maxParallelTrials?: number;
  /** Infeasible trials in a row. 0 means 100. */
  readonly maxConsecutiveInfeasible?: number;
  /** Expired leases after which a trial has failed. 0 means 3. */
  readonly maxAttempts?: number;
  /** Time since creation after which nothing new is handed out. */
  readonly maxDurationSeconds?: number;
  /** Time without a new step after which a worker loses its trial although it renews. */
  readonly maxSecondsWithoutProgress?: number;
}

/** The message of some limits. */
export function writeLimits(limits: Limits): StudyLimits {
  return {
    maxTrials: limits.maxTrials ?? 0,
    maxTotalResource: limits.maxTotalResource ?? 0,
    maxParallelTrials: limits.maxParallelTrials ?? 0,
    maxConsecutiveInfeasible: limits.maxConsecutiveInfeasible ?? 0,
    maxAttempts: limits.maxAttempts ?? 0,
    maxDuration: optionalDuration(limits.maxDurationSeconds),
    maxTimeWithoutProgress: optionalDuration(limits.maxSecondsWithoutProgress),
  };
}

const PATHS: Record<keyof Limits, string> = {
  maxTrials: 'max_trials',
  maxTotalResource: 'max_total_resource',
  maxParallelTrials: 'max_parallel_trials',
  maxConsecutiveInfeasible: 'max_consecutive_infeasible',
  maxAttempts: 'max_attempts',
  maxDurationSeconds: 'max_duration',
  maxSecondsWithoutProgress: 'max_time_without_progress',
};

/** The field mask that changes just these limits. */
export function limitPaths(limits: Limits): string[] {
  const given = Object.entries(limits).filter(([, value]) => value !== undefined);
  return given.map(([name]) => `spec.limits.${PATHS[name as keyof Limits]}`);
}

function optionalDuration(seconds: number | undefined) {
  return seconds === undefined || seconds === 0 ? undefined : duration(seconds);
}
