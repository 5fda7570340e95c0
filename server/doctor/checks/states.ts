import { TrialState } from '../../domain/spec.js';
import { hasEnded } from '../../domain/trial.js';
import type { TrialRecord } from '../../gen/wazir/internal/v1/records.js';
import { TrialEndReason, TrialSource } from '../../gen/wazir/v1/trial.js';
import type { Check } from '../check.js';

export const states: Check = {
  name: 'states',
  holds: 'What a trial is lent, given back, saved and ended as fits its state.',

  study({ name }, tell) {
    return {
      trial(record, key) {
        for (const what of faultsOf(record)) tell({ study: name, record: key, what });
      },
    };
  },
};

/** What does not fit, each as the end of a sentence on the trial. */
function* faultsOf(record: TrialRecord): Generator<string> {
  const trial = record.trial!;
  const { state, assignment, attempts, scheduling, source, deleted } = trial;
  const word = TrialState[state] ?? `state ${state}`;
  if (!(state >= TrialState.REQUESTED && state <= TrialState.FAILED)) {
    yield `is in state ${state}, which there is not`;
    return;
  }
  const isLent = state === TrialState.ACTIVE || state === TrialState.STOPPING;
  const ended = hasEnded(state);

  if (assignment && !isLent) yield `is ${word} and has an assignment`;
  if (assignment && record.released) yield 'was given back and has an assignment';
  if (isLent && !assignment && !record.released) yield `is ${word} and has no assignment`;
  if (assignment && assignment.attempt !== attempts)
    yield `is lent under attempt ${assignment.attempt} of ${attempts}`;
  if (assignment && scheduling && assignment.toResource !== scheduling.target)
    yield `is lent to step ${assignment.toResource}, its rung is at ${scheduling.target}`;
  if (record.released && state !== TrialState.ACTIVE) yield `is ${word} and given back unfinished`;
  if (record.savingAttempt !== 0 && (state !== TrialState.PAUSED || record.savingAttempt !== attempts))
    yield `is ${word} at attempt ${attempts} while attempt ${record.savingAttempt} saves`;

  if (state === TrialState.REQUESTED && (attempts > 0 || scheduling || source !== TrialSource.QUEUED))
    yield 'waits in the queue and has been handed out, or was never queued';
  if ((isLent || state === TrialState.PAUSED) && (attempts < 1 || !scheduling))
    yield `is ${word} and was never handed out`;
  if (scheduling?.promoted && state !== TrialState.PAUSED) yield `is ${word} and waits for its promotion`;
  if (source === TrialSource.WARM_START && (scheduling || !ended))
    yield 'is a warm start and takes part in the schedule';
  if (state === TrialState.STOPPING && trial.endReason === TrialEndReason.UNSPECIFIED)
    yield 'is STOPPING for no reason';

  if (deleted) {
    if (!ended) yield `is deleted and ${word}`;
    return;
  }
  if (ended !== (trial.endTime !== undefined))
    yield `is ${word} ${ended ? 'without' : 'with'} a time of its end`;
  if (state === TrialState.SUCCEEDED && !trial.finalMeasurement)
    yield 'is SUCCEEDED without a final measurement';
  if (record.attemptStarts.length !== attempts)
    yield `has ${attempts} attempts and ${record.attemptStarts.length} starts`;
  else if (attempts > 0 && record.attemptStarts.at(-1) !== record.attemptFrom)
    yield `starts at ${record.attemptFrom}, its newest attempt at ${record.attemptStarts.at(-1)}`;
  if (trial.expiries > Math.max(attempts - (ended ? 0 : 1), 0))
    yield `has ${attempts} attempts of which ${trial.expiries} expired`;
  if (trial.resourceSpent < record.spentBefore)
    yield `has spent ${trial.resourceSpent} steps, ${record.spentBefore} of them before`;
}
