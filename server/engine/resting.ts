/** When a trial is let rest: paused, not to be lent before the scheduler says so, and its worker gone. */
import { TrialState } from '../domain/spec.js';
import { TrialRecord } from '../gen/wazir/internal/v1/records.js';
import type { LiveTrial } from './live-trial.js';
import type { Study } from './study.js';

/** Encoding takes some 10 µs, and after a restart very many may lapse at once. */
const mostAtOnce = 1000;

/** Whether a trial whose record has just been written may rest. */
export function mayRest(study: Study, live: LiveTrial): boolean {
  return live.trial.state === TrialState.PAUSED && !live.scheduling.promoted && !study.saving.get(live.id);
}

/** Lets those rest whose workers have not saved a checkpoint in their time. */
export function restLapsed(trials: readonly LiveTrial[]): void {
  for (const live of trials.filter((each) => !each.isResting).slice(0, mostAtOnce)) {
    const { trial, record } = live;
    const isWritten = live.reportSequence < trial.sequence;
    if (trial.state === TrialState.PAUSED && !live.isPromoted && isWritten)
      live.rest(TrialRecord.encode(record).finish());
  }
}
