/** What users call: trials of their own, stops, deletions, limits, metadata, studies. */
import assert from 'node:assert/strict';
import type { Reason } from '../../server/domain/errors.js';
import type { UpdateStudyRequest } from '../../server/gen/wazir/v1/study.js';
import {
  StudyEndReason,
  StudyState,
  TrialSource,
  TrialState,
  type CreateTrialRequest,
} from '../../server/gen/wazir/v1/trial.js';
import type { Partially } from '../test-client.js';
import { recordAnswer } from './retries.js';
import { hasEnded, readSnapshot } from './snapshot.js';
import { ownPoint, specFor, type Design } from './study-kinds.js';
import { StudyModel } from './study-model.js';
import { assertRefused, outcomeOf, type World } from './world.js';

function requestId(world: World, recorded: boolean): string {
  return recorded ? `q${world.nextNumber()}` : '';
}

const owner = 'owners/default';

/** Creates a study; where there is one of the name, that is refused. 18: it starts clean. */
export async function createStudy(world: World, id: string, design: Design): Promise<void> {
  const name = `${owner}/studies/${id}`;
  const request = { parent: owner, studyId: id, study: { spec: specFor(design, world.negated) } };
  const outcome = await outcomeOf(world.client(1).createStudy(request));
  if (world.studies.has(name)) return assertRefused(outcome, 'STUDY_EXISTS');
  assert.ok('answer' in outcome, JSON.stringify(outcome));
  const study = new StudyModel(outcome.answer, design);
  assert.ok(!world.deletedUids.has(study.uid), 'a uid is used twice');
  const { trials, study: listed } = await readSnapshot(world.client(0), name);
  assert.equal(trials.size, 0, 'a new study has trials');
  assert.deepEqual(listed, outcome.answer);
  study.observe({ study: listed, trials });
  world.studies.set(name, study);
  world.coverage.count(world.deletedUids.size > 0 ? 'study created anew' : 'study created');
}

export async function deleteStudy(world: World, study: StudyModel): Promise<void> {
  await world.client(2).deleteStudy({ name: study.name });
  assertRefused(await outcomeOf(world.client(1).getStudy({ name: study.name })), 'STUDY_NOT_FOUND');
  assertRefused(await outcomeOf(world.client(2).listTrials({ parent: study.name })), 'STUDY_NOT_FOUND');
  world.studies.delete(study.name);
  world.deletedUids.add(study.uid);
  world.coverage.count('study deleted');
}

/** 18: whoever still works for a study that is gone is told so, also where another has its name. */
export async function askForGhost(world: World, gone: StudyModel): Promise<void> {
  const successor = world.studies.get(gone.name);
  const before = successor && (await readSnapshot(world.client(0), gone.name));
  const outcome = await outcomeOf(
    world.client(1).reportMeasurement({
      trial: `${gone.name}/trials/1`,
      attempt: 1,
      studyUid: gone.uid,
      measurement: { step: 1, metrics: [{ name: 'loss', value: 0 }] },
    }),
  );
  assertRefused(outcome, successor ? 'STUDY_RECREATED' : 'STUDY_NOT_FOUND');
  if (before) assert.deepEqual(await readSnapshot(world.client(0), gone.name), before);
}

export async function createTrial(
  world: World,
  study: StudyModel,
  how: 'queued' | 'warm' | 'infeasible' | 'outside',
  value: number,
  recorded: boolean,
): Promise<void> {
  const { limits, metrics } = study.snapshot.study.spec!;
  const signed = world.negated ? -value : value;
  const point = ownPoint(study.design.space);
  const request: Partially<CreateTrialRequest> & { requestId: string } = {
    parent: study.name,
    requestId: requestId(world, recorded),
    trial: {
      parameters: how === 'outside' ? point.slice(1) : point,
      ...(how === 'warm'
        ? { finalMeasurement: { step: 1, metrics: metrics.map(({ name }) => ({ name, value: signed })) } }
        : {}),
      ...(how === 'infeasible' ? { infeasibleReason: 'known to be' } : {}),
    },
  };
  const counted = study.everyTrial.filter(
    ({ source, state }) => source !== TrialSource.WARM_START && state !== TrialState.INFEASIBLE,
  ).length;
  let expected: Reason | undefined;
  if (how === 'outside') expected = 'INVALID_FIELD';
  else if (how === 'queued' && study.snapshot.study.state === StudyState.COMPLETED)
    expected = 'STUDY_COMPLETED';
  else if (how === 'queued' && limits!.maxTrials > 0 && counted >= limits!.maxTrials)
    expected = 'LIMIT_EXCEEDED';
  const id = study.lastId + 1;
  const call = () => world.client(0).createTrial(request);
  const answer = await world.call(study, `create trial ${how}`, call, expected, {}, (trial, after) => {
    // 4
    assert.equal(trial.id, id, 'the next number');
    const is = after.trials.get(id)!;
    const states = {
      queued: TrialState.REQUESTED,
      warm: TrialState.SUCCEEDED,
      infeasible: TrialState.INFEASIBLE,
      outside: TrialState.UNSPECIFIED,
    };
    assert.equal(is.state, states[how]);
    assert.equal(is.source, how === 'queued' ? TrialSource.QUEUED : TrialSource.WARM_START);
  });
  recordAnswer(world, study, 'createTrial', request, answer);
}

export async function stopTrial(
  world: World,
  study: StudyModel,
  id: number,
  recorded: boolean,
): Promise<void> {
  const was = study.snapshot.trials.get(id);
  const isLent = study.holds.get(id)?.kind === 'lease' && study.isRunning(study.holds.get(id), world.now);
  const isStopped = was?.state === TrialState.STOPPED;
  const expected = !was ? 'TRIAL_NOT_FOUND' : hasEnded(was) && !isStopped ? 'TRIAL_ENDED' : undefined;
  const request = { name: `${study.name}/trials/${id}`, requestId: requestId(world, recorded) };
  const call = () => world.client(1).stopTrial(request);
  const answer = await world.call(
    study,
    isStopped ? 'stop again' : 'stop',
    call,
    expected,
    { targets: [id] },
    (_, after) => {
      const is = after.trials.get(id)!;
      assert.equal(is.state, isLent ? TrialState.STOPPING : TrialState.STOPPED);
    },
  );
  recordAnswer(world, study, 'stopTrial', request, answer);
}

export async function deleteTrial(
  world: World,
  study: StudyModel,
  id: number,
  recorded: boolean,
): Promise<void> {
  const was = study.snapshot.trials.get(id);
  const expected = !was
    ? 'TRIAL_NOT_FOUND'
    : study.isRunning(study.holds.get(id), world.now)
      ? 'TRIAL_LENT'
      : undefined;
  const request = { name: `${study.name}/trials/${id}`, requestId: requestId(world, recorded) };
  const call = () => world.client(1).deleteTrial(request);
  const answer = await world.call(study, 'delete trial', call, expected, { targets: [id] }, (_, after) => {
    assert.ok(!after.trials.has(id), 'a deleted trial is listed');
    const ended = hasEnded(was!) ? was! : { ...was!, state: TrialState.STOPPED };
    study.buried.set(id, ended);
    study.buriedAfter.set(id, study.snapshot.study.sequence);
    study.metadata.delete(id);
  });
  if (answer)
    assertRefused(await outcomeOf(world.client(2).getTrial({ name: request.name })), 'TRIAL_NOT_FOUND');
  recordAnswer(world, study, 'deleteTrial', request, answer);
}

/** 26: merges by key, all or nothing. */
export async function updateMetadata(
  world: World,
  study: StudyModel,
  updates: readonly { readonly trial: number; readonly key: string; readonly text: string | undefined }[],
  recorded: boolean,
): Promise<void> {
  const isMissing = updates.some(({ trial }) => trial !== 0 && !study.snapshot.trials.has(trial));
  const request = {
    name: study.name,
    requestId: requestId(world, recorded),
    updates: updates.map(({ trial, key, text }) => ({
      trial,
      metadata: {
        namespace: 'model',
        key,
        ...(text === undefined ? {} : { value: { $case: 'text' as const, value: text } }),
      },
    })),
  };
  const call = () => world.client(2).updateMetadata(request);
  const targets = updates.map(({ trial }) => trial);
  const answer = await world.call(
    study,
    'update metadata',
    call,
    isMissing ? 'TRIAL_NOT_FOUND' : undefined,
    { targets },
    () => {
      for (const update of updates) learnMetadata(study, update.trial, update.key, update.text);
    },
  );
  recordAnswer(world, study, 'updateMetadata', request, answer);
}

export function learnMetadata(study: StudyModel, trial: number, key: string, text: string | undefined): void {
  const known = study.metadata.get(trial) ?? new Map<string, string>();
  study.metadata.set(trial, known);
  if (text === undefined) known.delete(`model/${key}`);
  else known.set(`model/${key}`, text);
}

export interface StudyUpdate {
  readonly state?: StudyState.ACTIVE | StudyState.PAUSED | StudyState.COMPLETED;
  readonly maxTrials?: number;
  readonly maxParallel?: number;
  readonly label?: readonly [key: string, value: string];
  readonly badMask?: boolean;
}

export async function updateStudy(
  world: World,
  study: StudyModel,
  given: StudyUpdate,
  recorded: boolean,
): Promise<void> {
  const { state, maxTrials, maxParallel, label, badMask } = given;
  const was = study.snapshot.study;
  const request: Partially<UpdateStudyRequest> & { requestId: string } = {
    requestId: requestId(world, recorded),
    study: {
      name: study.name,
      ...(state === undefined ? {} : { state }),
      ...(label ? { labels: { [label[0]]: label[1] } } : {}),
      spec: { limits: { maxTrials: maxTrials ?? 0, maxParallelTrials: maxParallel ?? 0 } },
    },
    updateMask: [
      ...(state === undefined ? [] : ['state']),
      ...(maxTrials === undefined ? [] : ['spec.limits.max_trials']),
      ...(maxParallel === undefined ? [] : ['spec.limits.max_parallel_trials']),
      ...(label ? ['labels'] : []),
      ...(badMask ? ['spec.seed'] : []),
    ],
  };
  if (request.updateMask!.length === 0) return;
  const raises = maxTrials !== undefined && maxTrials > was.spec!.limits!.maxTrials;
  let expected: Reason | undefined;
  if (badMask) expected = 'INVALID_FIELD';
  else if (was.state === StudyState.COMPLETED && state !== undefined && state !== StudyState.COMPLETED)
    // A limit that ended it and is raised makes it go on; nothing else does.
    expected =
      raises && state === StudyState.ACTIVE && was.endReason === StudyEndReason.MAX_TRIALS
        ? undefined
        : 'STUDY_STATE';
  const cause = { endsStudy: true, mayRevive: raises, changesState: state !== undefined };
  const call = () => world.client(1).updateStudy(request);
  const answer = await world.call(study, 'update study', call, expected, cause, (_, after) => {
    const { limits } = after.study.spec!;
    if (maxTrials !== undefined) assert.equal(limits!.maxTrials, maxTrials);
    if (maxParallel !== undefined) assert.equal(limits!.maxParallelTrials, maxParallel);
    if (label && label[1] === '') study.labels.delete(label[0]);
    else if (label) study.labels.set(...label);
    if (state !== undefined && was.state !== StudyState.COMPLETED)
      assert.ok(
        after.study.state === state || after.study.state === StudyState.COMPLETED,
        'state of the study',
      );
  });
  recordAnswer(world, study, 'updateStudy', request, answer);
}
