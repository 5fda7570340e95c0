/**
 * Reads. What lies on disk is shown as it is there; live trials are shown from
 * memory, and the answer waits for the commits that memory rests on.
 */
import { invalid, WazirError } from '../domain/errors.js';
import { TrialState } from '../domain/spec.js';
import { hasEnded } from '../domain/trial.js';
import { MeasurementRecord, TrialRecord } from '../gen/wazir/internal/v1/records.js';
import type {
  ListMeasurementsRequest,
  ListMeasurementsResponse,
  Measurement,
} from '../gen/wazir/v1/measurement.js';
import type { Study as StudyMessage } from '../gen/wazir/v1/study.js';
import type { ListTrialsRequest, ListTrialsResponse, Trial } from '../gen/wazir/v1/trial.js';
import { keys } from '../store/keys.js';
import type { Range } from '../store/store.js';
import { readTrial } from './fence.js';
import { Page } from './page.js';
import { pageSize, type PageTokens } from './page-token.js';
import type { Study } from './study.js';

export async function getStudy(study: Study): Promise<StudyMessage> {
  study.check();
  const view = study.messageView();
  await study.settled();
  return view;
}

export async function getTrial(study: Study, trial: number): Promise<Trial> {
  study.check();
  const live = study.trials.get(trial);
  if (!live) return (await readTrial(study, trial)).trial!;
  const view = study.view(live);
  await study.settled();
  return view;
}

/** All trials that are not deleted, by number, as of now, each with about how many bytes it has. */
export async function* allTrials(
  study: Study,
  range = keys.trialsOf(study.uid),
  signal?: AbortSignal,
): AsyncGenerator<readonly [trial: Trial, bytes: number]> {
  await study.settled();
  for await (const [key, value] of study.store.iterate(range)) {
    if (signal?.aborted) throw new WazirError('CANCELLED', 'nobody waits for the list any more');
    const trial = TrialRecord.decode(value).trial!;
    const live = study.trials.get(trial.id);
    if (trial.deleted) continue;
    if (live) yield [study.view(live), value.length];
    else if (hasEnded(trial.state)) yield [trial, value.length];
    else {
      const now = await endedSince(study, key);
      if (!now.deleted) yield [now, value.length];
    }
  }
}

/**
 * A trial that has ended since the iteration began: the record that it met lacks
 * reports that were in memory, and have been shown, before.
 */
async function endedSince(study: Study, key: string): Promise<Trial> {
  await study.settled();
  const bytes = await study.store.get(key);
  study.check();
  if (!bytes) throw new Error(`the record ${key} is gone`);
  return TrialRecord.decode(bytes).trial!;
}

export async function listTrials(
  study: Study,
  request: ListTrialsRequest,
  tokens: PageTokens,
  signal?: AbortSignal,
): Promise<ListTrialsResponse> {
  study.check();
  const size = pageSize(request.pageSize, 100, 1000);
  request.states.forEach((state, i) => {
    if (TrialState[state] === undefined || Number(state) <= 0)
      throw invalid(`states[${i}]`, 'is no state of a trial');
  });
  const descending = /^id( desc)?$/.exec(request.orderBy || 'id');
  if (!descending) throw invalid('order_by', 'must be "id" or "id desc"');
  const states = new Set(request.states);
  const scope = ['trials', study.uid, [...states].sort(), descending[0]];
  const cursor = tokens.read(scope, request.pageToken);

  const page = new Page<Trial>(size);
  const trials = page.entries;
  let nextPageToken = '';
  const range = rangeOf(study, cursor, descending[1] !== undefined);
  for await (const [trial, bytes] of allTrials(study, range, signal)) {
    if (states.size > 0 && !states.has(trial.state)) continue;
    if (page.add(trial, bytes)) continue;
    nextPageToken = tokens.after(scope, String(trials.at(-1)!.id));
    break;
  }
  await study.settled();
  return { trials, nextPageToken };
}

function rangeOf(study: Study, cursor: string | undefined, descending: boolean): Range {
  const all = keys.trialsOf(study.uid);
  const from = cursor === undefined ? undefined : keys.trial(study.uid, Number(cursor));
  if (descending) return { ...all, ...(from ? { lt: from } : {}), reverse: true };
  return { ...all, ...(from ? { gt: from } : {}) };
}

export async function listMeasurements(
  study: Study,
  trial: number,
  request: ListMeasurementsRequest,
  tokens: PageTokens,
): Promise<ListMeasurementsResponse> {
  study.check();
  const size = pageSize(request.pageSize, 1000, 10_000);
  const scope = ['measurements', study.uid, trial, request.showSuperseded];
  const cursor = tokens.read(scope, request.pageToken);
  const record = study.trials.get(trial)?.peek() ?? (await readTrial(study, trial));
  const isSuperseded = supersession(record.attemptStarts);
  await study.settled();

  const all = keys.measurementsOf(study.uid, trial);
  const range = cursor === undefined ? all : { ...all, gt: `${all.gt}${cursor}` };
  const page = new Page<Measurement>(size);
  const measurements = page.entries;
  let last = '';
  for await (const [key, value] of study.store.iterate(range)) {
    const known = MeasurementRecord.decode(value).measurement!;
    const superseded = isSuperseded(known);
    if (superseded && !request.showSuperseded) continue;
    if (!page.add({ ...known, superseded }, value.length))
      return { measurements, nextPageToken: tokens.after(scope, last) };
    last = key.slice(all.gt!.length);
  }
  return { measurements, nextPageToken: '' };
}

/** A step is superseded once a later attempt started below it. */
function supersession(attemptStarts: readonly number[]): (measurement: Measurement) => boolean {
  // lowest[k]: the lowest start among the attempts after the k-th.
  const lowest: number[] = new Array<number>(attemptStarts.length).fill(Infinity);
  for (let k = attemptStarts.length - 2; k >= 0; k--)
    lowest[k] = Math.min(lowest[k + 1]!, attemptStarts[k + 1]!);
  return ({ attempt, step }) => step > (lowest[attempt - 1] ?? Infinity);
}
