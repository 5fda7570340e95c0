/** Whether a worker may still speak for a trial. */
import { invalid, WazirError } from '../domain/errors.js';
import { TrialState } from '../domain/spec.js';
import { TrialRecord } from '../gen/wazir/internal/v1/records.js';
import { keys } from '../store/keys.js';
import type { LiveTrial } from './live-trial.js';
import type { Study } from './study.js';

export function trialNotFound(study: Study, trial: number): WazirError {
  return new WazirError('TRIAL_NOT_FOUND', `${study.trialName(trial)} does not exist`, {
    resource: study.trialName(trial),
  });
}

export function trialEnded(study: Study, record: TrialRecord): WazirError {
  const { id, state, attempts } = record.trial!;
  return new WazirError('TRIAL_ENDED', `${study.trialName(id)} has ended`, {
    metadata: { state: TrialState[state], attempt: String(attempts) },
    resource: study.trialName(id),
  });
}

/** The record of a trial that is not in memory: it has ended. Throws TRIAL_NOT_FOUND. */
export async function readTrial(study: Study, trial: number): Promise<TrialRecord> {
  // It may have ended in a commit that is still under way.
  await study.settled();
  const bytes = await study.store.get(keys.trial(study.uid, trial));
  study.check();
  const record = bytes && TrialRecord.decode(bytes);
  if (!record || record.trial!.deleted) throw trialNotFound(study, trial);
  return record;
}

/** The trial in memory; throws TRIAL_ENDED or TRIAL_NOT_FOUND. */
export async function requireLive(study: Study, trial: number): Promise<LiveTrial> {
  const live = study.trials.get(trial);
  if (live) return live;
  const record = await readTrial(study, trial);
  throw trialEnded(study, record);
}

export function staleAttempt(study: Study, trial: number, newest: number, why: string): WazirError {
  return new WazirError('STALE_ATTEMPT', `the attempt at ${study.trialName(trial)} ${why}`, {
    metadata: { newest_attempt: String(newest) },
  });
}

export function checkAttempt(attempt: number, newest: number): void {
  if (attempt < 1) throw invalid('attempt', 'must be the attempt of the assignment, 1 or more');
  if (attempt > newest) throw invalid('attempt', `has not been handed out; the newest is ${newest}`);
}

/**
 * Passes the newest attempt while its worker holds the trial or may still save
 * its checkpoint, lapsed or not. Throws STALE_ATTEMPT, or INVALID_FIELD for an
 * attempt that was never given.
 */
export function fence(study: Study, live: LiveTrial, attempt: number): void {
  checkAttempt(attempt, live.attempt);
  if (attempt < live.attempt)
    throw staleAttempt(study, live.id, live.attempt, 'has been replaced by a newer one');
  if (!study.leases.get(live.id) && !study.saving.get(live.id))
    throw staleAttempt(study, live.id, live.attempt, 'has been given back');
}
