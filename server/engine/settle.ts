/** What follows from an event: closed rungs, and the end of the study. */
import { TrialState } from '../domain/spec.js';
import { StudyEndReason, StudyState, TrialEndReason } from '../gen/wazir/v1/trial.js';
import { toTimestamp } from './clock.js';
import { endTrial, stopTrial } from './end-trial.js';
import type { Study } from './study.js';
import type { Transaction } from './transaction.js';

/** Draws all consequences of what the transaction has changed so far. Call last, before its commit. */
export function settle(transaction: Transaction): void {
  const { study } = transaction;
  for (;;) {
    const settlements = study.scheduler.settle(study.canEnter);
    if (settlements.length === 0) break;
    for (const settlement of settlements) {
      const live = study.trials.get(settlement.trial);
      if (!live) throw new Error(`the scheduler settles trial ${settlement.trial}, which has ended`);
      if (settlement.kind === 'promote') transaction.change(live, { scheduling: settlement.scheduling });
      else endTrial(transaction, live, { state: TrialState.STOPPED, endReason: TrialEndReason.OUTRANKED });
    }
  }
  if (study.state === StudyState.ACTIVE) endIfDone(transaction);
}

/** Stops the handing out for good, until a limit is raised; the study ends once nothing runs. */
export function endLending(transaction: Transaction, reason: StudyEndReason): void {
  if (transaction.study.record.lendingEnded === StudyEndReason.UNSPECIFIED)
    transaction.changeStudy({}, { lendingEnded: reason });
}

/** Ends a study: what runs becomes STOPPING, all else STOPPED. */
export function completeStudy(transaction: Transaction, reason: StudyEndReason): void {
  const { study } = transaction;
  for (const live of [...study.trials.values()]) stopTrial(transaction, live, TrialEndReason.STUDY_COMPLETED);
  transaction.changeStudy({
    state: StudyState.COMPLETED,
    endReason: reason,
    endTime: toTimestamp(study.clock.wall()),
  });
}

function endIfDone(transaction: Transaction): void {
  const { study } = transaction;
  const { lendingEnded } = study.record;
  if (lendingEnded !== StudyEndReason.UNSPECIFIED) {
    // Nobody will take over what was given back or has lapsed.
    for (const id of [...study.released, ...[...study.leases.lapsed()].map((lease) => lease.trial)])
      endTrial(transaction, study.trials.get(id)!, {
        state: TrialState.STOPPED,
        endReason: TrialEndReason.LIMIT,
        retire: 'ended',
      });
    if (study.leases.size === 0) completeStudy(transaction, lendingEnded);
    return;
  }
  if (study.leases.size > 0 || study.released.size > 0 || study.ready.size > 0) return;
  // A promoted trial whose checkpoint is being saved will be lent.
  if (study.saving.all().some((lease) => study.trials.get(lease.trial)?.isPromoted)) return;
  const { canEnter } = study;
  if (study.scheduler.decide(canEnter)) return;
  completeStudy(transaction, endReason(study, canEnter));
}

function endReason(study: Study, canEnter: boolean): StudyEndReason {
  if (canEnter || !study.scheduler.decide(true)) return StudyEndReason.SCHEDULER_FINISHED;
  return study.hasRoom ? StudyEndReason.SEARCH_SPACE_EXHAUSTED : StudyEndReason.MAX_TRIALS;
}
