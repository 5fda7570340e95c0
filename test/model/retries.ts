/** 3: a call sent again with its request id gets the first answer, and has no second effect. */
import assert from 'node:assert/strict';
import { readSnapshot } from './snapshot.js';
import type { StudyModel } from './study-model.js';
import { assertRefused, outcomeOf, type World } from './world.js';

const methods = {
  suggestTrials: { field: 'count', other: 999 },
  createTrial: { field: 'trial', other: undefined },
  completeTrial: { field: 'studyUid', other: '' },
  stopTrial: { field: 'name', other: 'trials/1000' },
  deleteTrial: { field: 'name', other: 'trials/1000' },
  releaseTrial: { field: 'studyUid', other: '' },
  updateMetadata: { field: 'updates', other: [{ trial: 0, metadata: { key: 'never' } }] },
  updateStudy: { field: 'study', other: { displayName: 'never' } },
} as const;

export type RecordedMethod = keyof typeof methods;

interface Recorded {
  readonly study: StudyModel;
  readonly method: RecordedMethod;
  readonly request: { readonly requestId: string };
  readonly answer: unknown;
}

const recorded = new WeakMap<World, Recorded[]>();

function listOf(world: World): Recorded[] {
  const known = recorded.get(world);
  if (known) return known;
  const list: Recorded[] = [];
  recorded.set(world, list);
  return list;
}

/** Remembers an answer; not where there was no request id, or no answer. */
export function recordAnswer(
  world: World,
  study: StudyModel,
  method: RecordedMethod,
  request: { readonly requestId: string },
  answer: unknown,
): void {
  if (request.requestId !== '' && answer !== undefined)
    listOf(world).push({ study, method, request, answer });
}

export async function retry(world: World, pick: number, client: number, otherBody: boolean): Promise<void> {
  const known = listOf(world).filter(({ study }) => world.studies.get(study.name) === study);
  const it = known[pick % Math.max(1, known.length)];
  if (!it) return;
  const { study, method, request, answer } = it;
  const { field, other } = methods[method];
  const call = world.client(client)[method].bind(world.client(client)) as (given: object) => Promise<unknown>;
  const body = otherBody ? { ...request, [field]: otherOf(study, field, other) } : request;
  if (method === 'createTrial' && otherBody)
    Object.assign(body, {
      trial: { ...(request as unknown as { trial: object }).trial, labels: { other: 'x' } },
    });
  const outcome = await outcomeOf(call(body));
  world.coverage.count(`retry of ${method}${otherBody ? ' with another body' : ''}`);
  if (otherBody) assertRefused(outcome, 'REQUEST_ID_REUSED');
  else assert.deepEqual(outcome, { answer }, `a retry of ${method}`);
  assert.deepEqual(
    await readSnapshot(world.client(0), study.name),
    study.snapshot,
    'a retry changes something',
  );
}

function otherOf(study: StudyModel, field: string, other: unknown): unknown {
  if (field === 'name') return `${study.name}/${String(other)}`;
  if (field === 'study') return { name: study.name, ...(other as object) };
  return other;
}
