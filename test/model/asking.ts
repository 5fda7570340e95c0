/** SuggestTrials: who gets what, in which order, under which limits. */
import assert from 'node:assert/strict';
import type { Reason } from '../../server/domain/errors.js';
import {
  StudyState,
  TrialSource,
  TrialState,
  type SuggestTrialsResponse,
  type Trial,
} from '../../server/gen/wazir/v1/trial.js';
import { recordAnswer } from './retries.js';
import { readSnapshot, withoutLeaseTime, type Snapshot } from './snapshot.js';
import type { StudyModel } from './study-model.js';
import { outcomeOf, type World } from './world.js';
import { clientNumber } from './worker-calls.js';

export interface Ask {
  readonly client: string;
  readonly count: number;
  /** Whether it says which trials it still runs. */
  readonly holding: boolean;
  readonly recover: boolean;
  readonly recorded: boolean;
}

type Origin = 'own' | 'queued' | 'released' | 'lapsed' | 'promoted' | 'new';

/** Asks; a call that is parked is cancelled, and must have left nothing behind. */
export async function ask(world: World, study: StudyModel, given: Ask): Promise<Trial[]> {
  const number = clientNumber(given.client);
  const held = [...study.holds].filter(([, { client, kind }]) => client === given.client && kind === 'lease');
  const request = {
    parent: study.name,
    clientId: given.client,
    count: given.count,
    recover: given.recover,
    holding: given.holding ? held.map(([trial, { attempt }]) => ({ trial, attempt })) : [],
    requestId: given.recorded ? `q${world.nextNumber()}` : '',
  };
  const expected: Reason | undefined = given.count < 0 || given.count > 1000 ? 'INVALID_FIELD' : undefined;
  let parked = false;
  const call = async (): Promise<SuggestTrialsResponse | undefined> => {
    const leaving = new AbortController();
    const asked = outcomeOf(world.client(number).suggestTrials(request, { signal: leaving.signal }));
    let isAnswered = false;
    void asked.then(() => (isAnswered = true));
    // These come after it on the same connection: when they are answered, it has been applied.
    for (let i = 0; i < 2; i++) await world.client(number).listTrials({ parent: study.name, pageSize: 1 });
    if (!isAnswered) {
      parked = true;
      leaving.abort();
    }
    const outcome = await asked;
    if ('answer' in outcome) return outcome.answer;
    if (!parked) assert.fail(`refused: ${JSON.stringify(outcome.refusal)}`);
    assert.equal(outcome.refusal.code, 'CANCELLED');
    return undefined;
  };
  if (expected !== undefined) {
    const plain = () => world.client(number).suggestTrials(request);
    await world.call(study, 'suggest', plain, expected, {}, () => undefined);
    return [];
  }
  const before = study.snapshot;
  const now = world.now;
  let answer: SuggestTrialsResponse | undefined;
  const targets = new Set<number>();
  await world.call(study, 'suggest', call, undefined, { targets }, (response, after) => {
    answer = response;
    if (given.recover && before.study.state === StudyState.ACTIVE) endOwnSaving(study, given, now);
    if (!response || response.trials.length === 0) checkNothing(world, study, response, after);
    else {
      for (const trial of response.trials) targets.add(trial.id);
      checkHandOuts(world, study, given, response.trials, after);
    }
  });
  if (answer && answer.trials.length > 0) recordAnswer(world, study, 'suggestTrials', request, answer);
  return answer?.trials ?? [];
}

/** Who asks anew under a name saves nothing any more. */
function endOwnSaving(study: StudyModel, { client }: Ask, now: number): void {
  for (const [id, hold] of study.holds)
    if (hold.kind === 'saving' && hold.client === client && study.isRunning(hold, now))
      study.holds.delete(id);
}

/** 10: who gets nothing waits for somebody, or has reached the end. */
function checkNothing(
  world: World,
  study: StudyModel,
  response: SuggestTrialsResponse | undefined,
  after: Snapshot,
): void {
  const { state, endReason } = after.study;
  world.coverage.count(response ? `asked and found ${StudyState[state]}` : 'asked and was parked');
  if (response) {
    assert.equal(state, StudyState.COMPLETED, 'an empty answer before the time is up');
    assert.equal(response.studyState, state);
    assert.equal(response.studyEndReason, endReason);
    assert.equal(response.retryAfter, undefined);
    return;
  }
  if (state === StudyState.PAUSED) return;
  assert.equal(state, StudyState.ACTIVE, 'parked at a study that has ended');
  const isAwaited = [...study.holds.values()].some((hold) => study.isRunning(hold, world.now));
  assert.ok(isAwaited, 'parked, and nobody is at work');
  // 11
  assert.deepEqual(
    study.lapsed(world.now).filter(({ id }) => after.trials.get(id)?.assignment),
    [],
    'a lapsed trial is kept back',
  );
}

function originOf(study: StudyModel, id: number, client: string, now: number): Origin {
  const was = study.snapshot.trials.get(id);
  if (!was) return 'new';
  const hold = study.holds.get(id);
  if (was.state === TrialState.REQUESTED) return 'queued';
  if (was.state === TrialState.PAUSED) {
    assert.ok(!study.isRunning(hold, now), `trial ${id} is lent while its checkpoint is being saved`);
    return 'promoted';
  }
  assert.equal(was.state, TrialState.ACTIVE, `trial ${id} is handed out`);
  if (!was.assignment) return 'released';
  if (!study.isRunning(hold, now)) return 'lapsed';
  // 5: what somebody holds goes to nobody else.
  assert.equal(hold!.client, client, `trial ${id} is taken from who has it`);
  return 'own';
}

const order: readonly Origin[] = ['own', 'queued', 'released', 'lapsed', 'promoted', 'new'];

function checkHandOuts(
  world: World,
  study: StudyModel,
  given: Ask,
  trials: readonly Trial[],
  after: Snapshot,
): void {
  const { now } = world;
  const was = study.snapshot;
  assert.equal(was.study.state, StudyState.ACTIVE, 'handed out by a study that is not active');
  assert.ok(trials.length <= Math.max(1, given.count), 'more than asked for');
  assert.equal(new Set(trials.map(({ id }) => id)).size, trials.length, 'one trial twice');
  const origins = trials.map(({ id }) => originOf(study, id, given.client, now));
  const waiting = [...study.released, ...study.lapsed(now)].map(({ id }) => id);
  let newest = study.lastId;
  trials.forEach((trial, i) => {
    const { id, assignment, attempts } = trial;
    const origin = origins[i]!;
    const before = was.trials.get(id);
    world.coverage.count(`handed out: ${origin}`);
    assert.deepEqual(withoutLeaseTime(trial), after.trials.get(id), 'as it was answered');
    // 5
    assert.equal(attempts, (before?.attempts ?? 0) + 1, 'each hand-out has its own attempt');
    assert.equal(trial.expiries, (before?.expiries ?? 0) + (origin === 'lapsed' ? 1 : 0), 'expiries');
    assert.equal(trial.clientId, given.client);
    const from = assignment!.fromResource;
    const saved = before?.checkpoint;
    const to = trial.scheduling!.target;
    assert.equal(assignment!.toResource, to);
    assert.equal(
      from,
      saved && (to === 0 || saved.step < to) ? saved.step : 0,
      'starts from the last checkpoint',
    );
    if (from > 0) assert.deepEqual(assignment!.checkpoint, saved);
    if (origin === 'own') assert.ok(given.recover && !given.holding, 'taken back unasked');
    // 11: the same target
    if (origin === 'own' || origin === 'released' || origin === 'lapsed')
      assert.equal(to, before!.scheduling!.target, 'a re-offer has its old target');
    if (origin === 'new') {
      // 4
      assert.equal(id, ++newest, 'the next number');
      assert.equal(trial.source, TrialSource.SAMPLED);
    }
    // 11: what was lost goes before new work.
    if (origin === 'new' || origin === 'promoted')
      assert.deepEqual(
        waiting.filter(
          (it) =>
            !trials.slice(0, i).some((t) => t.id === it) && after.trials.get(it)?.state === TrialState.ACTIVE,
        ),
        [],
        'new work before what was lost',
      );
    if (origin === 'new')
      assert.ok(
        ![...after.trials.values()].some(({ state }) => state === TrialState.REQUESTED),
        'drawn while one is queued',
      );
    study.holds.set(id, { kind: 'lease', attempt: attempts, client: given.client, activity: now });
    study.handOuts.push({ trial: id, attempt: attempts, client: given.client });
    const starts = study.starts.get(id);
    if (starts) starts.push(from);
    else study.starts.set(id, [from]);
  });
  const places = origins.map((origin) => order.indexOf(origin)).map((place) => Math.min(place, 4));
  assert.deepEqual(
    places,
    places.toSorted((a, b) => a - b),
    `order of ${origins.join()}`,
  );
  checkLimits(study, origins, after);
}

/** 9 */
function checkLimits(study: StudyModel, origins: readonly Origin[], after: Snapshot): void {
  const { maxTrials, maxParallelTrials, maxTotalResource } = after.study.spec!.limits!;
  const leases = [...after.trials.values()].filter(({ assignment }) => assignment).length;
  if (maxParallelTrials > 0 && origins.some((origin) => origin !== 'own' && origin !== 'lapsed'))
    assert.ok(leases <= maxParallelTrials, `${leases} leases`);
  if (maxTrials > 0 && origins.includes('new')) {
    const all = [...study.buried.values(), ...after.trials.values()];
    const counted = all.filter(
      ({ source, state }) => source !== TrialSource.WARM_START && state !== TrialState.INFEASIBLE,
    );
    assert.ok(counted.length <= maxTrials, `${counted.length} feasible trials`);
  }
  const { resourceSpent, resourceLent } = after.study.progress!;
  if (maxTotalResource > 0)
    assert.ok(
      resourceSpent + resourceLent <= maxTotalResource,
      `${resourceSpent} spent and ${resourceLent} lent`,
    );
}

/**
 * 10: lets workers train until the study has ended, which it must. Bare calls: what
 * follows from each is checked elsewhere.
 */
export async function trainToTheEnd(world: World, study: StudyModel): Promise<void> {
  const client = world.client(0);
  const name = study.name;
  await client
    .updateStudy({ study: { name, state: StudyState.ACTIVE }, updateMask: ['state'] })
    .catch(() => undefined);
  for (let round = 0; ; round++) {
    assert.ok(round < 400, `${name} does not come to its end`);
    // Long after all leases: whoever is away is away.
    await world.clock.advance(120_000);
    const asked = await outcomeOf(askBriefly(world, name));
    assert.ok('answer' in asked, JSON.stringify(asked));
    const { trials, studyState } = asked.answer;
    if (studyState === StudyState.COMPLETED && trials.length === 0) break;
    for (const trial of trials) {
      const { attempt, toResource } = trial.assignment!;
      const metrics = [
        { name: 'loss', value: trial.id },
        ...(study.design.twoMetrics ? [{ name: 'size', value: 1 }] : []),
      ];
      if (toResource === 0)
        await client.completeTrial({ name: trial.name, attempt, finalMeasurement: { step: 1, metrics } });
      else
        await client.reportMeasurement({
          trial: trial.name,
          attempt,
          measurement: { step: toResource, metrics },
        });
    }
  }
  const { study: end } = await readSnapshot(client, name);
  assert.equal(end.state, StudyState.COMPLETED);
}

/** Asks, and lets the server's clock move on where nothing is ready. */
async function askBriefly(world: World, parent: string): Promise<SuggestTrialsResponse> {
  const asked = world.client(0).suggestTrials({ parent, clientId: 'last', count: 5, recover: false });
  let isAnswered = false;
  const mark = () => void (isAnswered = true);
  asked.then(mark, mark);
  for (;;) {
    for (let i = 0; i < 2; i++) await world.client(0).listTrials({ parent, pageSize: 1 });
    if (isAnswered) return asked;
    await world.clock.advance(30_000);
  }
}
