/** Brings a study into memory: all that it knows follows from its records. */
import { compileSpace } from '../domain/space.js';
import { TrialState } from '../domain/spec.js';
import { hasEnded } from '../domain/trial.js';
import {
  MeasurementRecord,
  RequestOrderRecord,
  type StudyRecord,
  TrialRecord,
} from '../gen/wazir/internal/v1/records.js';
import { TrialEndReason, TrialSource, type Trial } from '../gen/wazir/v1/trial.js';
import { samplerOf } from '../policy/samplers/index.js';
import { schedulerOf } from '../policy/schedulers/index.js';
import type { Remembered } from '../policy/schedulers/scheduler.js';
import type { StudyName } from '../domain/names.js';
import { keys, lastNumber } from '../store/keys.js';
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
  const space = compileSpace(spec.parameters);
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

/** The study with its trials, leases and request ids, from disk. Every lease runs its full duration anew. */
export async function loadStudy(home: StudyHome, name: StudyName, record: StudyRecord): Promise<Study> {
  const study = makeStudy(home, name, record);
  const { uid, store } = study;
  for await (const [, value] of store.iterate(keys.trialsOf(uid))) {
    const live = restoreTrial(study, TrialRecord.decode(value));
    if (live?.record.released) study.released.add(live.id);
  }
  for (const live of study.trials.values()) await restoreReports(study, live);
  for await (const [key, value] of store.iterate(keys.requestOrdersOf(uid))) {
    const { requestId, time } = RequestOrderRecord.decode(value);
    const sequence = lastNumber(key);
    study.requests.restore(requestId, sequence, keptUntil(fromTimestamp(time!), study.time));
    study.sequence = Math.max(study.sequence, sequence);
  }
  study.durableSequence = study.sequence;
  armExpiry(study);
  return study;
}

function restoreTrial(study: Study, record: TrialRecord): LiveTrial | undefined {
  const trial = record.trial!;
  const { id, state, source, scheduling } = trial;
  study.nextTrial = Math.max(study.nextTrial, id + 1);
  study.sequence = Math.max(study.sequence, trial.sequence, ...resultSequences(trial));
  if (scheduling?.draw !== undefined) study.nextDraw = Math.max(study.nextDraw, scheduling.draw + 1);
  if (source !== TrialSource.WARM_START && state !== TrialState.INFEASIBLE) study.counted++;
  study.progress.reassigned += trial.expiries;
  if (!trial.deleted) study.count(state, 1);
  if (scheduling)
    study.scheduler.restore({
      trial: id,
      scheduling,
      fate: fateOf(study, trial),
    });
  if (hasEnded(state)) {
    study.progress.resourceSpent += trial.resourceSpent;
    return undefined;
  }
  const live = new LiveTrial(record);
  study.trials.set(id, live);
  const now = study.clock.monotonic();
  if (state === TrialState.REQUESTED) study.queue.add(id);
  else if (state === TrialState.PAUSED) {
    if (record.savingAttempt > 0) study.saving.grant(id, trial.attempts, trial.clientId, now);
    study.refreshReady(live);
  } else if (!record.released) study.leases.grant(id, trial.attempts, trial.clientId, now);
  return live;
}

function resultSequences(trial: Trial): number[] {
  return trial.scheduling?.results.map((result) => result.sequence) ?? [];
}

function fateOf(study: Study, trial: Trial): Remembered['fate'] {
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
function reachedTop(study: Study, trial: Trial): boolean {
  const { rung, target, results } = trial.scheduling!;
  return target === study.spec.resource?.max && results.at(-1)?.rung === rung;
}

/** Adds what the newest attempt has reported since the record was written. */
async function restoreReports(study: Study, live: LiveTrial): Promise<void> {
  const isHeld = study.leases.get(live.id) ?? study.saving.get(live.id);
  if (isHeld) {
    const range = keys.measurementsOfAttempt(study.uid, live.id, live.attempt);
    for await (const [, value] of study.store.iterate(range)) {
      const { measurement, sequence } = MeasurementRecord.decode(value);
      const loss = study.lossIn(measurement!);
      live.observe(measurement!, loss, (known) => study.lossIn(known) ?? Number.NaN);
      live.reportSequence = Math.max(live.reportSequence, sequence);
      study.sequence = Math.max(study.sequence, sequence);
    }
  }
  study.progress.resourceSpent += live.spent;
  study.progress.resourceLent += live.lent;
}
