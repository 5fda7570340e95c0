/** Takes in measurements: the hot path. */
import { encode } from '../../codec/encode.js';
import { WazirError } from '../../domain/errors.js';
import { checkMeasurement, compareReports } from '../../domain/measurement.js';
import { TrialState } from '../../domain/spec.js';
import { MeasurementRecord } from '../../gen/wazir/internal/v1/records.js';
import { type Directive, Directive_Kind as Kind, type Measurement } from '../../gen/wazir/v1/measurement.js';
import { StudyEndReason, TrialEndReason } from '../../gen/wazir/v1/trial.js';
import { keys } from '../../store/keys.js';
import { toTimestamp } from '../clock.js';
import { endTrial, resetInfeasible } from '../end-trial.js';
import { renewHold } from '../expiry.js';
import { fence, readTrial, requireLive } from '../fence.js';
import type { LiveTrial } from '../live-trial.js';
import { endLending, settle } from '../settle.js';
import type { Study } from '../study.js';
import { Transaction } from '../transaction.js';

const stop: Directive = { kind: Kind.STOP, until: 0 };
const pause: Directive = { kind: Kind.PAUSE, until: 0 };
const complete: Directive = { kind: Kind.COMPLETE, until: 0 };

/** What the worker of a live trial is to do as things stand. */
export function currentDirective(live: LiveTrial): Directive {
  if (live.trial.state === TrialState.STOPPING) return stop;
  if (live.trial.state === TrialState.PAUSED) return pause;
  return { kind: Kind.CONTINUE, until: live.trial.assignment?.toResource ?? live.scheduling.target };
}

/**
 * Takes in a report. Idempotent by (trial, attempt, step). Throws what can be said at once.
 * @returns what to do next, once the measurement is durable
 */
export function report(
  study: Study,
  trial: number,
  attempt: number,
  measurement: Measurement,
): Promise<Directive> {
  study.check();
  checkMeasurement('measurement', measurement, study.spec.metrics);
  const live = study.trials.get(trial);
  const isNext =
    live?.attempt === attempt &&
    measurement.step > live.attemptLast &&
    (study.leases.get(trial) ?? study.saving.get(trial)) !== undefined;
  if (!isNext) return study.inLane(() => reportLate(study, trial, attempt, measurement));
  return accept(study, live, measurement);
}

/** A report that may be known, or comes out of order: the disk says which. */
async function reportLate(
  study: Study,
  trial: number,
  attempt: number,
  given: Measurement,
): Promise<Directive> {
  const bytes = await study.store.get(keys.measurement(study.uid, trial, attempt, given.step));
  study.check();
  if (!bytes) {
    const live = await requireLive(study, trial);
    fence(study, live, attempt);
    return accept(study, live, given);
  }
  const known = MeasurementRecord.decode(bytes);
  const { added, conflict } = compareReports(known.measurement!.metrics, given.metrics);
  if (conflict !== undefined)
    throw new WazirError(
      'MEASUREMENT_CONFLICT',
      `step ${given.step} of this attempt is known with another value of ${JSON.stringify(conflict)}; the first stands`,
      { metadata: { step: String(given.step), metric: conflict }, resource: study.trialName(trial) },
    );
  if (added.length === 0) {
    if (known.directive) return known.directive;
    const { scheduling } = (study.trials.get(trial)?.peek() ?? (await readTrial(study, trial))).trial!;
    return { kind: Kind.CONTINUE, until: scheduling?.target ?? 0 };
  }
  const live = await requireLive(study, trial);
  fence(study, live, attempt);
  const metrics = [...known.measurement!.metrics, ...added];
  return accept(study, live, { ...known.measurement!, metrics });
}

function accept(study: Study, live: LiveTrial, measurement: Measurement): Promise<Directive> {
  const transaction = new Transaction(study);
  const directive = takeIn(transaction, live, measurement);
  const answer = transaction.commit(() => directive);
  study.waiters.serve();
  return answer;
}

/** Books a measurement of the newest attempt, draws its consequences and writes it. */
function takeIn(transaction: Transaction, live: LiveTrial, given: Measurement): Directive {
  const { study } = transaction;
  const sequence = transaction.nextSequence();
  const measurement: Measurement = {
    ...given,
    attempt: live.attempt,
    reportTime: toTimestamp(study.clock.wall()),
    superseded: false,
  };
  const progressed = measurement.step > live.attemptLast;
  const loss = observe(transaction, live, measurement, sequence);
  renewHold(study, live, progressed);
  const directive = react(transaction, live, measurement.step, loss, sequence);
  writeMeasurement(transaction, live, measurement, sequence, directive);
  return directive;
}

/** Adds a measurement to what memory knows of the trial; returns its loss. */
export function observe(
  transaction: Transaction,
  live: LiveTrial,
  measurement: Measurement,
  sequence: number,
): number | undefined {
  const { study } = transaction;
  const loss = study.lossIn(measurement);
  transaction.account(live, () =>
    live.observe(measurement, loss, (known) => study.lossIn(known) ?? Number.NaN),
  );
  live.reportSequence = sequence;
  transaction.reported(live);
  return loss;
}

export function writeMeasurement(
  transaction: Transaction,
  live: LiveTrial,
  measurement: Measurement,
  sequence: number,
  directive: Directive,
): void {
  transaction.add({
    type: 'put',
    key: keys.measurement(transaction.study.uid, live.id, measurement.attempt, measurement.step),
    value: encode(MeasurementRecord, {
      measurement,
      sequence,
      directive: directive.kind === Kind.CONTINUE ? undefined : directive,
    }),
  });
}

function react(
  transaction: Transaction,
  live: LiveTrial,
  step: number,
  loss: number | undefined,
  sequence: number,
): Directive {
  const { study } = transaction;
  if (live.trial.state === TrialState.STOPPING) {
    endTrial(transaction, live, {
      state: TrialState.STOPPED,
      endReason: live.trial.endReason,
      retire: 'ended',
    });
    settle(transaction);
    return stop;
  }
  // A step that the checkpoint already holds tells a rung nothing new.
  if (loss === undefined || step <= live.record.attemptFrom) return currentDirective(live);
  const before = live.scheduling;
  const { scheduling, verdict } = study.scheduler.report(live.id, before, step, { loss, sequence });
  if (scheduling === before && (verdict === 'continue' || live.trial.state === TrialState.PAUSED))
    return currentDirective(live);
  // A value at a rung breaks the row of infeasible trials, whatever becomes of its own.
  if (scheduling !== before) resetInfeasible(transaction);
  switch (verdict) {
    case 'continue':
      extend(transaction, live, scheduling);
      break;
    case 'pause':
      pauseTrial(transaction, live, scheduling);
      break;
    case 'stop':
      transaction.change(live, { scheduling });
      endTrial(transaction, live, { state: TrialState.STOPPED, endReason: TrialEndReason.OUTRANKED });
      break;
    case 'complete':
      transaction.change(live, { scheduling });
      endTrial(transaction, live, { state: TrialState.SUCCEEDED });
      break;
  }
  settle(transaction);
  if (live.trial.state === TrialState.SUCCEEDED) return complete;
  if (live.trial.state === TrialState.STOPPED) return stop;
  return currentDirective(live);
}

/** The stopping variant's survivor: the lease goes on to the next rung, if the budget has room for it. */
function extend(transaction: Transaction, live: LiveTrial, scheduling: LiveTrial['scheduling']): void {
  const { study } = transaction;
  const assignment = live.trial.assignment!;
  const more = scheduling.target - Math.max(assignment.toResource, live.attemptLast);
  if (study.fitsBudget(more)) {
    transaction.change(live, { scheduling, assignment: { ...assignment, toResource: scheduling.target } });
    return;
  }
  endLending(transaction, StudyEndReason.MAX_TOTAL_RESOURCE);
  transaction.change(live, { scheduling });
  endTrial(transaction, live, {
    state: TrialState.STOPPED,
    endReason: TrialEndReason.LIMIT,
    retire: 'ended',
  });
}

function pauseTrial(transaction: Transaction, live: LiveTrial, scheduling: LiveTrial['scheduling']): void {
  const { study } = transaction;
  const { id, attempt } = live;
  if (live.trial.state === TrialState.PAUSED) {
    transaction.change(live, { scheduling });
    return;
  }
  study.leases.end(id);
  study.saving.grant(id, attempt, live.trial.clientId, study.clock.monotonic());
  transaction.change(
    live,
    { state: TrialState.PAUSED, scheduling, assignment: undefined, checkpointNeeded: true },
    { savingAttempt: attempt },
  );
}
