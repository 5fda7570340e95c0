/** Brings a study into memory: all that it knows follows from its records. */
import { TrialState } from '../domain/spec.js';
import { hasEnded } from '../domain/trial.js';
import {
  MeasurementRecord,
  RequestOrderRecord,
  type StudyRecord,
  type TrialFacts,
  TrialOutline,
  TrialRecord,
} from '../gen/wazir/internal/v1/records.js';
import { TrialEndReason, TrialSource } from '../gen/wazir/v1/trial.js';
import { samplerOf } from '../policy/samplers/index.js';
import { schedulerOf } from '../policy/schedulers/index.js';
import type { Remembered } from '../policy/schedulers/scheduler.js';
import type { StudyName } from '../domain/names.js';
import { keys, lastNumber } from '../store/keys.js';
import { RecordReader } from '../store/record-reader.js';
import { fromTimestamp } from './clock.js';
import { armExpiry } from './expiry.js';
import { LiveTrial } from './live-trial.js';
import { keptUntil } from './request-log.js';
import { Study } from './study.js';
import type { StudyHome } from './study-home.js';

/** A study without trials, as its record says. */
export function makeStudy(home: StudyHome, name: StudyName, record: StudyRecord): Study {
  const message = record.study!;
  const spec = message.spec!;
  const space = home.spaces.of(spec.parameters);
  const samplerKind = samplerOf(spec);
  const study = new Study({
    uid: message.uid,
    name,
    record,
    home,
    space,
    samplerKind,
    sampler: samplerKind.create(spec, space, spec.seed!),
    scheduler: schedulerOf(spec).create(spec),
  });
  study.sequence = message.sequence;
  study.durableSequence = message.sequence;
  return study;
}

/**
 * The study with its trials, leases and request ids, from disk. Every lease runs its full
 * duration anew. A million finished trials take about 5 s in place of 11: by reading no more
 * of a record than is needed here (`RecordReader`) 5 s less, by taking chunks 1 s.
 */
export async function loadStudy(home: StudyHome, name: StudyName, record: StudyRecord): Promise<Study> {
  const study = makeStudy(home, name, record);
  const { uid, store } = study;
  const reader = new RecordReader();
  for await (const entries of store.chunks(keys.trialsOf(uid)))
    for (const [, value] of entries) restoreTrial(study, TrialOutline.decode(reader.over(value)), value);
  for (const { trial } of [...study.leases.all(), ...study.saving.all()])
    await restoreReports(study, study.trials.get(trial)!);
  for await (const entries of store.chunks(keys.requestOrdersOf(uid)))
    for (const [key, value] of entries) {
      const { requestId, time } = RequestOrderRecord.decode(reader.over(value));
      const sequence = lastNumber(key);
      study.requests.restore(requestId, sequence, keptUntil(fromTimestamp(time!), study.time));
      study.sequence = Math.max(study.sequence, sequence);
    }
  study.durableSequence = study.sequence;
  armExpiry(study);
  return study;
}

/** Takes in a trial; the record is read whole only where somebody works on it. */
function restoreTrial(study: Study, outline: TrialOutline, bytes: Uint8Array): void {
  const trial = outline.trial!;
  const { id, state, source, scheduling } = trial;
  study.nextTrial = Math.max(study.nextTrial, id + 1);
  study.sequence = Math.max(study.sequence, trial.sequence);
  study.progress.reassigned += trial.expiries;
  study.progress.resourceSpent += trial.resourceSpent;
  if (source !== TrialSource.WARM_START && state !== TrialState.INFEASIBLE) study.counted++;
  if (!trial.deleted) study.count(state, 1);
  if (scheduling) {
    for (const result of scheduling.results) study.sequence = Math.max(study.sequence, result.sequence);
    if (scheduling.draw !== undefined) study.nextDraw = Math.max(study.nextDraw, scheduling.draw + 1);
    study.scheduler.restore({ trial: id, scheduling, fate: fateOf(study, trial) });
  }
  if (!hasEnded(state)) restoreLive(study, outline, bytes);
}

function restoreLive(study: Study, outline: TrialOutline, bytes: Uint8Array): void {
  const { id, state, scheduling } = outline.trial!;
  const now = study.clock.monotonic();
  if (state === TrialState.PAUSED && !scheduling!.promoted) {
    const live = LiveTrial.resting(outline, bytes);
    study.trials.set(id, live);
    if (outline.savingAttempt > 0) study.saving.grant(id, live.attempt, live.peek().trial!.clientId, now);
    return;
  }
  const record = TrialRecord.decode(bytes);
  const live = new LiveTrial(record);
  const { attempts, clientId } = record.trial!;
  study.trials.set(id, live);
  study.progress.resourceLent += live.lent;
  if (state === TrialState.REQUESTED) study.queue.add(id);
  else if (state === TrialState.PAUSED) {
    if (record.savingAttempt > 0) study.saving.grant(id, attempts, clientId, now);
    study.refreshReady(live);
  } else if (record.released) study.released.add(id);
  else study.leases.grant(id, attempts, clientId, now);
}

function fateOf(study: Study, trial: TrialFacts): Remembered['fate'] {
  switch (trial.state) {
    case TrialState.SUCCEEDED:
      return reachedTop(study, trial) ? 'completed' : 'ended';
    case TrialState.STOPPED:
      return trial.endReason === TrialEndReason.OUTRANKED ? 'outranked' : 'ended';
    case TrialState.INFEASIBLE:
      return 'infeasible';
    case TrialState.FAILED:
      return 'failed';
    default:
      return 'live';
  }
}

/** Whether it ended at the maximum resource, not by its worker's word before. */
function reachedTop(study: Study, { scheduling }: TrialFacts): boolean {
  const { rung, target, results } = scheduling!;
  return target === study.spec.resource?.max && results.at(-1)?.rung === rung;
}

/** Adds what the newest attempt of a trial that is held has reported since the record was written. */
async function restoreReports(study: Study, live: LiveTrial): Promise<void> {
  const { progress } = study;
  const written = live.peek().trial!.sequence;
  const range = keys.measurementsOfAttempt(study.uid, live.id, live.attempt);
  for await (const [, value] of study.store.iterate(range)) {
    const { measurement, sequence } = MeasurementRecord.decode(value);
    study.sequence = Math.max(study.sequence, sequence);
    // What the record holds already is not looked at again.
    if (sequence < written) continue;
    const before = { spent: live.spent, lent: live.lent };
    live.observe(measurement!, study.lossIn(measurement!), (known) => study.lossIn(known) ?? Number.NaN);
    live.reportSequence = Math.max(live.reportSequence, sequence);
    progress.resourceSpent += live.spent - before.spent;
    progress.resourceLent += live.lent - before.lent;
  }
}
