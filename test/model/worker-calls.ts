/** What workers call, each with what the contract says must come of it. */
import assert from 'node:assert/strict';
import type { Reason } from '../../server/domain/errors.js';
import { Directive_Kind as Kind, type Directive } from '../../server/gen/wazir/v1/measurement.js';
import {
  RungResult_Kind as RungKind,
  TrialState,
  type CompleteTrialRequest,
  type Trial,
} from '../../server/gen/wazir/v1/trial.js';
import type { Partially } from '../test-client.js';
import { hasEnded, type Snapshot } from './snapshot.js';
import { metricsOf } from './state-invariants.js';
import { ladder } from './study-kinds.js';
import type { HandOut, StudyModel } from './study-model.js';
import { recordAnswer } from './retries.js';
import type { World } from './world.js';

export interface Metric {
  readonly name: string;
  readonly value: number;
}

/** Why a call about a trial under an attempt is refused; undefined where it is not. */
function fenced(study: StudyModel, id: number, attempt: number): Reason | undefined {
  const trial = study.snapshot.trials.get(id);
  if (!trial) return 'TRIAL_NOT_FOUND';
  if (hasEnded(trial)) return 'TRIAL_ENDED';
  if (attempt < 1 || attempt > trial.attempts) return 'INVALID_FIELD';
  // 5: an old attempt changes nothing; neither does one that was given back.
  if (attempt < trial.attempts || !study.holds.has(id)) return 'STALE_ATTEMPT';
  return undefined;
}

function isSame(known: number | undefined, given: number): boolean {
  return known === given || (Number.isNaN(known) && Number.isNaN(given));
}

export interface Report extends HandOut {
  readonly step: number;
  readonly metrics: readonly Metric[];
  readonly via: 'unary' | 'stream';
}

export async function report(world: World, study: StudyModel, given: Report): Promise<void> {
  const { trial: id, attempt, step } = given;
  const metrics = given.metrics.map(({ name, value }) => ({ name, value: world.negated ? -value : value }));
  const names = new Set(study.snapshot.study.spec!.metrics.map(({ name }) => name));
  const isBad =
    metrics.length === 0 ||
    step < 0 ||
    metrics.some(({ name }, i) => !names.has(name) || metrics.findIndex((m) => m.name === name) !== i);
  const known = study.known(id, attempt, step);
  const isDeleted = !study.snapshot.trials.has(id);
  const adds = known && metrics.filter(({ name }) => !known.metrics.has(name));
  const conflicts =
    known &&
    metrics.some(({ name, value }) => known.metrics.has(name) && !isSame(known.metrics.get(name), value + 0));
  let expected: Reason | undefined;
  let isRepeated = false;
  if (isBad) expected = 'INVALID_FIELD';
  else if (known && !isDeleted && conflicts) expected = 'MEASUREMENT_CONFLICT';
  else if (known && !isDeleted && adds!.length === 0) isRepeated = true;
  else expected = fenced(study, id, attempt);
  const what = `report${isRepeated ? ' again' : ''} (${given.via})`;
  const send = () => sendReport(world, study, given, metrics);
  await world.call(study, what, send, expected, { targets: [id] }, (directive, after) => {
    if (isRepeated) checkRepeated(study, known!.directive!, directive, id, after);
    else learnReport(world, study, given, metrics, directive, after);
  });
}

async function sendReport(
  world: World,
  study: StudyModel,
  { trial, attempt, step, client, via }: Report,
  metrics: Metric[],
): Promise<Directive> {
  const number = clientNumber(client);
  const request = {
    trial: `${study.name}/trials/${trial}`,
    attempt,
    studyUid: study.uid,
    measurement: { step, metrics },
  };
  if (via === 'unary') return (await world.client(number).reportMeasurement(request)).directive!;
  const stream = world.stream(number);
  const messageId = world.nextNumber();
  stream.send({ ...request, messageId });
  for (;;) {
    const response = await stream.next();
    if (response.messageId === 0) {
      assert.equal(response.directive!.kind, Kind.STOP, 'what comes unasked');
      world.coverage.count('directive unasked');
      continue;
    }
    assert.equal(response.messageId, messageId, 'answers in order');
    if (!response.error) return response.directive!;
    throw Object.assign(new Error(response.error.message), { streamed: response.error });
  }
}

export function clientNumber(client: string): number {
  return Number(client.slice(1));
}

/** 3, 16: a report sent again gets the first answer and changes nothing. */
function checkRepeated(
  study: StudyModel,
  first: Directive,
  again: Directive,
  id: number,
  after: Snapshot,
): void {
  if (first.kind !== Kind.CONTINUE) assert.deepEqual(again, first, 'a report again');
  else assert.equal(again.kind, Kind.CONTINUE, 'a report again');
  assert.deepEqual(after, study.snapshot, `a report again about trial ${id} changes something`);
}

function learnReport(
  world: World,
  study: StudyModel,
  { trial: id, attempt, step, client }: Report,
  metrics: Metric[],
  directive: Directive,
  after: Snapshot,
): void {
  const was = study.snapshot.trials.get(id)!;
  const is = after.trials.get(id)!;
  const from = study.starts.get(id)!.at(-1)!;
  const known = study.remember(id, attempt, step, metrics);
  known.directive = directive;
  const hold = study.holds.get(id)!;
  hold.activity = world.now;
  assert.equal(directive.kind, directiveFor(is), `directive for trial ${id} in ${TrialState[is.state]}`);
  if (is.state === TrialState.ACTIVE) assert.equal(directive.until, is.assignment!.toResource, 'until');
  if (was.state === TrialState.STOPPING) assert.equal(is.state, TrialState.STOPPED, 'a stop that was told');
  if (is.state === TrialState.PAUSED && was.state === TrialState.ACTIVE)
    study.holds.set(id, { kind: 'saving', attempt, client: was.clientId, activity: world.now });
  world.coverage.count(`told ${Kind[directive.kind]}`);
  if (client !== was.clientId) world.coverage.count("report by another client under the holder's attempt");
  const loss = study.lossOf(new Map(metrics.map(({ name, value }) => [name, value])));
  checkRungs(study, was, is, loss, step, from);
}

function directiveFor({ state }: Trial): Kind {
  switch (state) {
    case TrialState.ACTIVE:
      return Kind.CONTINUE;
    case TrialState.PAUSED:
      return Kind.PAUSE;
    case TrialState.SUCCEEDED:
      return Kind.COMPLETE;
    default:
      return Kind.STOP;
  }
}

/** 8: each rung up to the step, once, with the loss of this report; none at or below the start, none without a loss. */
function checkRungs(
  study: StudyModel,
  was: Trial,
  is: Trial,
  loss: number | undefined,
  step: number,
  from: number,
): void {
  const before = was.scheduling!.results.length;
  const added = is.scheduling!.results.slice(before);
  const counts = loss !== undefined && step > from && was.state !== TrialState.STOPPING;
  const isLadder = !['single', 'endless'].includes(study.design.kind);
  const rungs = isLadder ? ladder.slice(was.scheduling!.bracket) : [];
  const crossed = counts ? rungs.filter((rung) => rung <= step).length : 0;
  const ranked = is.state === TrialState.STOPPED;
  if (isLadder && !ranked) assert.equal(added.length, Math.max(0, crossed - before), 'rungs crossed');
  else assert.ok(!isLadder || added.length <= Math.max(0, crossed - before), 'rungs crossed');
  if (was.state === TrialState.STOPPING) return;
  for (const result of added) {
    // A trial that the end of its study stops gets no result by it.
    if (result.kind === RungKind.FAILED) continue;
    assert.equal(
      result.kind,
      Number.isNaN(loss) ? RungKind.NAN : RungKind.VALUE,
      '15: NaN is a kind of its own',
    );
    if (result.kind === RungKind.VALUE) assert.equal(result.loss, loss, 'the loss at a rung');
  }
  const max = study.snapshot.study.spec!.resource?.max;
  if (max !== undefined && counts && step >= max && was.state === TrialState.ACTIVE && !ranked)
    assert.equal(is.state, TrialState.SUCCEEDED, 'a report past the maximum completes');
}

export interface Checkpointed extends HandOut {
  /** Where the checkpoint lies, from the last step of the attempt: 0 at it, 1 above; undefined: none. */
  readonly checkpoint: 'none' | 'last' | 'above' | 'zero';
}

function checkpointOf(study: StudyModel, { trial, attempt, checkpoint }: Checkpointed) {
  if (checkpoint === 'none') return undefined;
  const last = study.lastOf(trial, attempt);
  return {
    step: checkpoint === 'zero' ? 0 : checkpoint === 'above' ? last + 1 : last,
    uri: `file:${trial}/${attempt}`,
  };
}

export async function renew(world: World, study: StudyModel, given: Checkpointed): Promise<void> {
  const { trial: id, attempt, client } = given;
  const saved = checkpointOf(study, given);
  const expected = fenced(study, id, attempt) ?? badCheckpoint(study, given, saved?.step);
  const request = {
    name: `${study.name}/trials/${id}`,
    attempt,
    studyUid: study.uid,
    ...(saved ? { checkpoint: saved } : {}),
  };
  const call = () => world.client(clientNumber(client)).renewLease(request);
  const was = study.snapshot.trials.get(id);
  await world.call(study, 'renew', call, expected, { targets: [id] }, ({ directive }, after) => {
    const is = after.trials.get(id)!;
    study.holds.get(id)!.activity = world.now;
    assert.equal(directive!.kind, directiveFor(is), 'directive of a renewal');
    if (was!.state === TrialState.STOPPING) assert.equal(is.state, TrialState.STOPPED);
    else assert.equal(is.state, was!.state, 'a renewal moves nothing');
    if (saved) assert.deepEqual(is.checkpoint, { ...saved, trial: id }, 'checkpoint');
  });
}

function badCheckpoint(
  study: StudyModel,
  { trial, attempt }: HandOut,
  step: number | undefined,
): Reason | undefined {
  if (step === undefined) return undefined;
  return step < 1 || step > study.lastOf(trial, attempt) ? 'INVALID_FIELD' : undefined;
}

/** What is refused of a call that an ended trial takes as an agreement. */
function fencedAgain(study: StudyModel, id: number, attempt: number): Reason | undefined {
  const trial = study.snapshot.trials.get(id);
  if (!trial || !hasEnded(trial)) return fenced(study, id, attempt);
  if (attempt < 1 || attempt > trial.attempts) return 'INVALID_FIELD';
  return attempt < trial.attempts ? 'STALE_ATTEMPT' : undefined;
}

export async function release(
  world: World,
  study: StudyModel,
  given: Checkpointed & { readonly recorded: boolean },
): Promise<void> {
  const { trial: id, attempt, client } = given;
  const was = study.snapshot.trials.get(id);
  const isOver = was !== undefined && hasEnded(was);
  const saved = checkpointOf(study, given);
  const expected =
    fencedAgain(study, id, attempt) ?? (isOver ? undefined : badCheckpoint(study, given, saved?.step));
  const request = {
    name: `${study.name}/trials/${id}`,
    attempt,
    studyUid: study.uid,
    ...(saved ? { checkpoint: saved } : {}),
    requestId: given.recorded ? `q${world.nextNumber()}` : '',
  };
  const call = () => world.client(clientNumber(client)).releaseTrial(request);
  const answer = await world.call(
    study,
    isOver ? 'release after the end' : 'release',
    call,
    expected,
    { targets: [id] },
    (_, after) => {
      const is = after.trials.get(id)!;
      if (isOver) return;
      study.holds.delete(id);
      if (was!.state === TrialState.STOPPING) assert.equal(is.state, TrialState.STOPPED);
      else assert.ok(is.state === was!.state || is.state === TrialState.STOPPED, 'a release');
      assert.equal(is.assignment, undefined);
      if (saved && was!.state !== TrialState.STOPPING)
        assert.deepEqual(is.checkpoint, { ...saved, trial: id }, 'checkpoint');
    },
  );
  recordAnswer(world, study, 'releaseTrial', request, answer);
}

export interface Completion extends HandOut {
  readonly final: Metric[] | undefined;
  /** Of the final measurement. */
  readonly step: number;
  readonly outcome: 'well' | 'infeasible' | 'failed';
  readonly recorded: boolean;
}

const endOf = { well: TrialState.SUCCEEDED, infeasible: TrialState.INFEASIBLE, failed: TrialState.FAILED };

export async function complete(world: World, study: StudyModel, given: Completion): Promise<void> {
  const { trial: id, attempt, client, outcome, step } = given;
  const final = given.final?.map(({ name, value }) => ({ name, value: world.negated ? -value : value }));
  const was = study.snapshot.trials.get(id);
  const isOver = was !== undefined && hasEnded(was);
  const request: Partially<CompleteTrialRequest> & { requestId: string } = {
    name: `${study.name}/trials/${id}`,
    attempt,
    studyUid: study.uid,
    requestId: given.recorded ? `q${world.nextNumber()}` : '',
    ...(final ? { finalMeasurement: { step, metrics: final } } : {}),
    ...(outcome === 'infeasible' ? { outcome: { $case: 'infeasibleReason', value: 'does not fit' } } : {}),
    ...(outcome === 'failed' ? { outcome: { $case: 'failureReason', value: 'broke' } } : {}),
  };
  const expected =
    fencedAgain(study, id, attempt) ??
    (isOver ? contradiction(was, given, final) : nothingToEndWith(study, given));
  const call = () => world.client(clientNumber(client)).completeTrial(request);
  const what = isOver ? 'complete after the end' : 'complete';
  const before = study.snapshot;
  const last = isOver ? 0 : study.lastOf(id, attempt);
  const answer = await world.call(study, what, call, expected, { targets: [id] }, (_, after) => {
    if (isOver) return assert.deepEqual(after.trials, before.trials, 'an agreement changes nothing');
    const is = after.trials.get(id)!;
    assert.equal(is.state, endOf[outcome], 'as the worker says');
    if (!final) return;
    if (step > last) study.remember(id, attempt, step, final).directive = { kind: Kind.COMPLETE, until: 0 };
    assert.deepEqual(
      metricsOf(is.finalMeasurement!.metrics),
      metricsOf(final.map((m) => ({ ...m }))),
      'final measurement',
    );
    assert.equal(is.finalMeasurement!.step, step || was!.lastStep, 'step of the final measurement');
  });
  recordAnswer(world, study, 'completeTrial', request, answer);
}

function contradiction(was: Trial, { outcome }: Completion, final: Metric[] | undefined): Reason | undefined {
  if (outcome !== 'well' && endOf[outcome] !== was.state) return 'TRIAL_ENDED';
  if (!final) return undefined;
  const known = metricsOf(was.finalMeasurement?.metrics ?? []);
  return final.every(({ name, value }) => known.has(name) && isSame(known.get(name), value + 0))
    ? undefined
    : 'FINAL_MEASUREMENT_CONFLICT';
}

function nothingToEndWith(study: StudyModel, { trial, outcome, final }: Completion): Reason | undefined {
  return outcome === 'well' && !final && study.measurements(trial).length === 0
    ? 'NO_MEASUREMENT'
    : undefined;
}
