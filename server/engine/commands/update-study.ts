/** Changes what of a study can change: names for people, limits, state. */
import { invalid, WazirError } from '../../domain/errors.js';
import { formatStudyName } from '../../domain/names.js';
import type { Study as StudyMessage, StudyLimits, UpdateStudyRequest } from '../../gen/wazir/v1/study.js';
import { StudyEndReason, StudyState } from '../../gen/wazir/v1/trial.js';
import { toMilliseconds } from '../clock.js';
import { armExpiry } from '../expiry.js';
import { methods } from '../methods.js';
import { completeStudy, settle } from '../settle.js';
import type { Study } from '../study.js';
import { limitFaults, withDefaultLimits } from '../study-limits.js';
import { Transaction } from '../transaction.js';
import { checkLabels } from './check-annotations.js';

const { ACTIVE, PAUSED, COMPLETED } = StudyState;

const limitPaths: Readonly<Record<string, keyof StudyLimits>> = {
  max_trials: 'maxTrials',
  max_total_resource: 'maxTotalResource',
  max_parallel_trials: 'maxParallelTrials',
  max_consecutive_infeasible: 'maxConsecutiveInfeasible',
  max_attempts: 'maxAttempts',
  max_duration: 'maxDuration',
  max_time_without_progress: 'maxTimeWithoutProgress',
};

/** The limit that brings an end, where raising it can undo the end. */
const limitOf: ReadonlyMap<StudyEndReason, keyof StudyLimits> = new Map([
  [StudyEndReason.MAX_TRIALS, 'maxTrials'],
  [StudyEndReason.MAX_TOTAL_RESOURCE, 'maxTotalResource'],
  [StudyEndReason.MAX_CONSECUTIVE_INFEASIBLE, 'maxConsecutiveInfeasible'],
  [StudyEndReason.MAX_DURATION, 'maxDuration'],
]);

export async function updateStudy(study: Study, request: UpdateStudyRequest): Promise<StudyMessage> {
  study.check();
  const given = request.study!;
  const paths = pathsOf(request, given);
  return study.requests.once(study, methods.updateStudy, request, async (record) => {
    const limits = newLimits(study, given, paths);
    const labels = paths.has('labels') ? mergeLabels(study.message.labels, given.labels) : undefined;
    if (labels) checkLabels('study.labels', labels);
    if (paths.has('state')) checkState(study, given.state, limits);
    if (paths.has('display_name')) checkDisplayName(given.displayName);

    const transaction = new Transaction(study);
    if (paths.has('display_name')) transaction.changeStudy({ displayName: given.displayName });
    if (labels) transaction.changeStudy({ labels });
    if (limits) raise(transaction, limits);
    if (paths.has('state')) move(transaction, given.state);
    settle(transaction);
    const answer = transaction.commit(() => study.messageView(), record);
    study.waiters.serve();
    armExpiry(study);
    return answer;
  });
}

export function checkDisplayName(name: string): void {
  if (Buffer.byteLength(name) > 1024) throw invalid('study.display_name', 'must be at most 1,024 bytes');
}

/** The paths to change; with an empty mask all that are set. */
function pathsOf(request: UpdateStudyRequest, given: StudyMessage): ReadonlySet<string> {
  const mask = request.updateMask ?? [];
  if (mask.length > 0) {
    for (const path of mask) {
      const limit = /^spec\.limits\.(\w+)$/.exec(path)?.[1];
      const known = limit === undefined ? mutable.has(path) : Object.hasOwn(limitPaths, limit);
      if (!known) throw invalid('update_mask', `${JSON.stringify(path)} is not a field that can be changed`);
    }
    return new Set(mask);
  }
  const paths = new Set<string>();
  if (given.displayName !== '') paths.add('display_name');
  if (Object.keys(given.labels).length > 0) paths.add('labels');
  if (given.state !== StudyState.UNSPECIFIED) paths.add('state');
  if (given.spec?.limits)
    for (const [path, field] of Object.entries(limitPaths))
      if (given.spec.limits[field]) paths.add(`spec.limits.${path}`);
  return paths;
}

const mutable = new Set(['display_name', 'labels', 'state', 'spec.limits']);

function newLimits(study: Study, given: StudyMessage, paths: ReadonlySet<string>): StudyLimits | undefined {
  const before = study.spec.limits!;
  const asked: Partial<StudyLimits> = given.spec?.limits ?? {};
  const fields = Object.entries(limitPaths)
    .filter(([path]) => paths.has('spec.limits') || paths.has(`spec.limits.${path}`))
    .map(([, field]) => field);
  if (fields.length === 0) return undefined;
  const limits: StudyLimits = { ...before };
  const mutableLimits = limits as unknown as Record<string, unknown>;
  const none: Partial<StudyLimits> = { maxDuration: undefined, maxTimeWithoutProgress: undefined };
  for (const field of fields) mutableLimits[field] = asked[field] ?? (field in none ? undefined : 0);
  const [fault] = limitFaults(limits, 'study.spec.limits');
  if (fault) throw invalid(fault.field, fault.description);
  return withDefaultLimits(limits);
}

function mergeLabels(
  before: Readonly<Record<string, string>>,
  updates: Readonly<Record<string, string>>,
): Record<string, string> {
  const merged = new Map(Object.entries(before));
  for (const [key, value] of Object.entries(updates)) {
    if (value === '') merged.delete(key);
    else merged.set(key, value);
  }
  return Object.fromEntries(merged);
}

function checkState(study: Study, to: StudyState, limits: StudyLimits | undefined): void {
  const { state: from, endReason } = study.message;
  if (to !== ACTIVE && to !== PAUSED && to !== COMPLETED)
    throw invalid('study.state', 'must be ACTIVE, PAUSED or COMPLETED');
  const goesOn = limits !== undefined && to === ACTIVE && undoes(limits, study.spec.limits!, endReason);
  if (from === COMPLETED && to !== COMPLETED && !goesOn)
    throw new WazirError(
      'STUDY_STATE',
      'the study is COMPLETED; raising the limit that ended it makes it ACTIVE again',
      { resource: formatStudyName(study.name) },
    );
}

/** Sets the limits; a study that a raised one had ended, or was about to end, goes on. */
function raise(transaction: Transaction, limits: StudyLimits): void {
  const { study } = transaction;
  const { state, endReason } = study.message;
  const before = study.spec.limits!;
  const { lendingEnded } = study.record;
  const goesOn = undoes(limits, before, state === COMPLETED ? endReason : lendingEnded);
  transaction.changeStudy({ spec: { ...study.spec, limits } });
  study.leases.patienceMs = study.patienceMs;
  if (!goesOn) return;
  transaction.changeStudy({}, { lendingEnded: StudyEndReason.UNSPECIFIED });
  if (lendingEnded === StudyEndReason.MAX_CONSECUTIVE_INFEASIBLE)
    transaction.changeStudy({}, { consecutiveInfeasible: 0 });
  if (state === COMPLETED)
    transaction.changeStudy({ state: ACTIVE, endReason: StudyEndReason.UNSPECIFIED, endTime: undefined });
}

/** Whether new limits raise the one that an end comes from. */
function undoes(limits: StudyLimits, before: StudyLimits, reason: StudyEndReason): boolean {
  const field = limitOf.get(reason);
  return field !== undefined && ceilingOf(limits[field]) > ceilingOf(before[field]);
}

function ceilingOf(limit: StudyLimits[keyof StudyLimits]): number {
  return typeof limit === 'object' ? toMilliseconds(limit) : limit || Infinity;
}

function move(transaction: Transaction, to: StudyState): void {
  const { study } = transaction;
  if (to === study.state) return;
  if (to === COMPLETED) completeStudy(transaction, StudyEndReason.ENDED_BY_USER);
  else if (study.state !== COMPLETED) transaction.changeStudy({ state: to });
}
