/** Ends a trial at its worker's word. */
import { invalid, WazirError } from '../../domain/errors.js';
import { checkMeasurement, compareReports } from '../../domain/measurement.js';
import { TrialState } from '../../domain/spec.js';
import { toTimestamp } from '../clock.js';
import type { Measurement } from '../../gen/wazir/v1/measurement.js';
import { Directive_Kind as Kind } from '../../gen/wazir/v1/measurement.js';
import type { CompleteTrialRequest, Trial } from '../../gen/wazir/v1/trial.js';
import { endTrial, selectFinal, type Ending } from '../end-trial.js';
import { checkAttempt, fence, readTrial, staleAttempt, trialEnded } from '../fence.js';
import type { LiveTrial } from '../live-trial.js';
import { methods } from '../methods.js';
import type { Recorder } from '../request-log.js';
import { settle } from '../settle.js';
import type { Study } from '../study.js';
import { confirm, Transaction } from '../transaction.js';
import { observe, writeMeasurement } from './report.js';

export async function complete(study: Study, trial: number, request: CompleteTrialRequest): Promise<Trial> {
  study.check();
  const { finalMeasurement, outcome } = request;
  if (finalMeasurement) checkFinal(study, 'final_measurement', finalMeasurement, outcome === undefined);
  return study.requests.once(study, methods.completeTrial, request, (record) => {
    const live = study.trials.get(trial);
    if (!live) return completeAgain(study, trial, request).then((ended) => confirm(study, ended, record));
    fence(study, live, request.attempt);
    return end(study, live, request, record);
  });
}

/** What a final measurement owes beyond any other: the ranking metric, where the trial ends well. */
export function checkFinal(study: Study, field: string, measurement: Measurement, ranks: boolean): void {
  checkMeasurement(field, measurement, study.spec.metrics);
  if (ranks && study.lossIn(measurement) === undefined)
    throw invalid(
      `${field}.metrics`,
      `must hold the ranking metric ${JSON.stringify(study.rankingMetric.name)}`,
    );
}

function end(
  study: Study,
  live: LiveTrial,
  request: CompleteTrialRequest,
  record: Recorder<Trial> | undefined,
): Promise<Trial> {
  const { outcome } = request;
  const given = request.finalMeasurement;
  if (!outcome && !given && !selectFinal(study, live))
    throw new WazirError(
      'NO_MEASUREMENT',
      `${study.trialName(live.id)} has no measurement: give a final_measurement, an infeasible_reason or a failure_reason`,
      { resource: study.trialName(live.id) },
    );
  const transaction = new Transaction(study);
  const decided = given && takeIn(transaction, live, given, outcome === undefined);
  const final = given && { ...given, step: given.step || live.lastStep, attempt: live.attempt };
  endTrial(transaction, live, {
    ...endingOf(request),
    ...(final ? { final } : {}),
    ...(decided ? {} : { retire: retirementOf(outcome) }),
  });
  settle(transaction);
  const answer = transaction.commit(() => transaction.answerOf(live), record);
  study.waiters.serve();
  return answer;
}

function endingOf({ outcome }: CompleteTrialRequest): Ending {
  switch (outcome?.$case) {
    case 'infeasibleReason':
      return { state: TrialState.INFEASIBLE, infeasibleReason: outcome.value };
    case 'failureReason':
      return { state: TrialState.FAILED, failureReason: outcome.value };
    case undefined:
      return { state: TrialState.SUCCEEDED };
  }
}

function retirementOf(outcome: CompleteTrialRequest['outcome']): NonNullable<Ending['retire']> {
  if (outcome?.$case === 'infeasibleReason') return 'infeasible';
  return outcome ? 'failed' : 'ended';
}

/**
 * A final measurement beyond the last step is a report too: it is listed, and
 * counts at the rungs that it reaches where the trial ends well.
 * @returns whether the scheduler has itself ended the trial by it
 */
function takeIn(transaction: Transaction, live: LiveTrial, given: Measurement, ranks: boolean): boolean {
  const { study } = transaction;
  if (given.step <= live.attemptLast) return false;
  const sequence = transaction.nextSequence();
  const measurement = {
    ...given,
    attempt: live.attempt,
    reportTime: toTimestamp(study.clock.wall()),
    superseded: false,
  };
  const loss = observe(transaction, live, measurement, sequence);
  writeMeasurement(transaction, live, measurement, sequence, { kind: Kind.COMPLETE, until: 0 });
  if (loss === undefined || !ranks) return false;
  const { scheduling, verdict } = study.scheduler.report(live.id, live.scheduling, given.step, {
    loss,
    sequence,
  });
  transaction.change(live, { scheduling });
  return verdict === 'stop' || verdict === 'complete';
}

/** Under the attempt that ended the trial it is an agreement; with another value a contradiction. */
async function completeAgain(study: Study, trial: number, request: CompleteTrialRequest): Promise<Trial> {
  const record = await readTrial(study, trial);
  const ended = record.trial!;
  checkAttempt(request.attempt, ended.attempts);
  if (request.attempt < ended.attempts)
    throw staleAttempt(study, trial, ended.attempts, 'has been replaced by a newer one');
  const { state } = endingOf(request);
  if (request.outcome && state !== ended.state) throw trialEnded(study, record);
  const given = request.finalMeasurement;
  if (given) {
    const { added, conflict } = compareReports(ended.finalMeasurement?.metrics ?? [], given.metrics);
    if (conflict !== undefined || added.length > 0)
      throw new WazirError(
        'FINAL_MEASUREMENT_CONFLICT',
        `${study.trialName(trial)} has ended with another final measurement, which stands`,
        { metadata: { metric: conflict ?? added[0]!.name }, resource: study.trialName(trial) },
      );
  }
  return ended;
}
