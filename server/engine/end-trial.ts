/** The ways in which a trial ends, and what goes with each. */
import { MeasurementSelection, TrialState } from '../domain/spec.js';
import { type Measurement, Directive_Kind as DirectiveKind } from '../gen/wazir/v1/measurement.js';
import { StudyEndReason, TrialEndReason, TrialSource, type Trial } from '../gen/wazir/v1/trial.js';
import type { Retirement } from '../policy/schedulers/scheduler.js';
import { toTimestamp } from './clock.js';
import type { LiveTrial } from './live-trial.js';
import type { Study } from './study.js';
import type { Transaction } from './transaction.js';

export interface Ending {
  readonly state: TrialState.SUCCEEDED | TrialState.STOPPED | TrialState.INFEASIBLE | TrialState.FAILED;
  readonly endReason?: TrialEndReason;
  /** How the scheduler hears of it; not where the scheduler itself decided so. */
  readonly retire?: Retirement;
  /** Instead of the one that the study's selection gives. */
  readonly final?: Measurement;
  readonly infeasibleReason?: string;
  readonly failureReason?: string;
}

/** The final measurement where none is given, by the study's selection; undefined where nothing was reported. */
export function selectFinal(study: Study, live: LiveTrial): Measurement | undefined {
  const best = study.spec.measurementSelection === MeasurementSelection.BEST;
  return (best ? live.best : undefined) ?? live.last;
}

/** Ends a live trial. */
export function endTrial(transaction: Transaction, live: LiveTrial, ending: Ending): void {
  const { study } = transaction;
  const { state } = ending;
  const before = live.trial.scheduling;
  const scheduling =
    before && ending.retire
      ? study.scheduler.retire(live.id, before, ending.retire, transaction.nextSequence())
      : before;
  const hasValue = state === TrialState.SUCCEEDED || state === TrialState.STOPPED;
  const patch: Partial<Trial> = {
    state,
    scheduling: scheduling && { ...scheduling, promoted: false },
    assignment: undefined,
    endReason: ending.endReason ?? TrialEndReason.UNSPECIFIED,
    infeasibleReason: ending.infeasibleReason ?? '',
    failureReason: ending.failureReason ?? '',
    finalMeasurement: ending.final ?? (hasValue ? selectFinal(study, live) : undefined),
    endTime: toTimestamp(study.clock.wall()),
    checkpointNeeded: false,
  };
  transaction.change(live, patch, { savingAttempt: 0, released: false });
  if (state === TrialState.INFEASIBLE) {
    if (live.trial.source !== TrialSource.WARM_START) study.counted--;
    countInfeasible(transaction);
  } else if (state === TrialState.SUCCEEDED) resetInfeasible(transaction);
}

function countInfeasible(transaction: Transaction): void {
  const { study } = transaction;
  const consecutiveInfeasible = study.record.consecutiveInfeasible + 1;
  const reached = consecutiveInfeasible >= study.spec.limits!.maxConsecutiveInfeasible;
  const unended = study.record.lendingEnded === StudyEndReason.UNSPECIFIED;
  transaction.changeStudy(
    {},
    reached && unended
      ? { consecutiveInfeasible, lendingEnded: StudyEndReason.MAX_CONSECUTIVE_INFEASIBLE }
      : { consecutiveInfeasible },
  );
}

/** A trial has brought a value: the row of infeasible ones is broken. */
export function resetInfeasible(transaction: Transaction): void {
  if (transaction.study.record.consecutiveInfeasible > 0)
    transaction.changeStudy({}, { consecutiveInfeasible: 0 });
}

/** Whether a worker has the trial, also one whose lease has lapsed without being lent again. */
export function isHeld(study: Study, live: LiveTrial): boolean {
  return study.leases.get(live.id) !== undefined;
}

/** Asks for the end of a trial: STOPPING where a worker's lease runs, else STOPPED at once. */
export function stopTrial(transaction: Transaction, live: LiveTrial, endReason: TrialEndReason): void {
  const { study } = transaction;
  if (live.trial.state === TrialState.STOPPING) return;
  if (!study.leases.isRunning(live.id)) {
    endTrial(transaction, live, { state: TrialState.STOPPED, endReason, retire: 'ended' });
    return;
  }
  transaction.change(live, { state: TrialState.STOPPING, endReason });
  const { id, attempt } = live;
  transaction.afterwards(() => study.listeners.tell(id, attempt, { kind: DirectiveKind.STOP, until: 0 }));
}
