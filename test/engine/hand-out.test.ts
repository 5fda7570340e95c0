/** What an asker gets, and in which order: its own, queued trials, those given back or lapsed, promoted ones, new ones. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { StudyState, TrialState, type CreateTrialRequest } from '../../server/gen/wazir/v1/trial.js';
import { EngineWorld } from './engine-world.js';
import { type Job, jobOf, measurementOf, type StudyDriver } from './study-driver.js';
import { asha, halving, single } from './study-specs.js';

const minute = 60_000;

function at(x: number): NonNullable<CreateTrialRequest['trial']>['parameters'] {
  return [{ name: 'x', value: { kind: { $case: 'doubleValue', value: x } } }];
}

async function ids(study: StudyDriver, client: string, given: { count?: number; recover?: boolean } = {}) {
  const { trials } = await study.ask(client, { recover: false, ...given });
  return trials.map(({ id, assignment }) => [id, assignment!.attempt]);
}

test('the order: own, queued, given back, lapsed, promoted, new', async (t) => {
  const world = await EngineWorld.open(t);
  const study = await world.create(asha(4, 2));
  const [a, b] = [await study.take('a'), await study.take('b')];
  for (const [i, job] of [a, b].entries()) {
    await study.report(job, 1, i);
    await study.release(job, 1);
  }
  // Trial 1 is promotable. Lent are 3 and 4, of which one lapses and one is given back.
  await study.add({ parameters: at(0.25) });
  assert.deepEqual(await ids(study, 'c'), [[3, 1]]);
  await world.clock.advance(minute);
  assert.deepEqual(await ids(study, 'd', { count: 2 }), [
    [3, 2],
    [1, 2],
  ]);
  const four = await study.take('e');
  await world.clock.advance(minute);
  await study.release({ trial: 3, attempt: 2 });
  await study.add({ parameters: at(0.5) });
  await study.add({ parameters: at(0.75) });
  assert.equal(four.trial, 4);
  assert.deepEqual(await ids(study, 'f', { count: 6 }), [
    [5, 1],
    [6, 1],
    [3, 3],
    [1, 3],
    [4, 2],
    [7, 1],
  ]);
  assert.deepEqual((await study.trial(5)).parameters, at(0.5));
});

test('what a client lost comes back first; what it holds does not', async (t) => {
  const world = await EngineWorld.open(t);
  const study = await world.create(single(9));
  const { trials } = await study.ask('a', { count: 3 });
  const [one, two, three] = trials.map(jobOf);
  await study.report(two!, 3, 0.5);
  await study.renew(two!, 2);
  const back = await study.ask('a', { count: 3, holding: [one!, { trial: 3, attempt: 9 }] });
  assert.deepEqual(back.trials.map(jobOf), [
    { trial: 2, attempt: 2, from: 2, to: 9 },
    { trial: 3, attempt: 2, from: 0, to: 9 },
    { trial: 4, attempt: 1, from: 0, to: 9 },
  ]);
  await assert.rejects(study.report(three!, 1, 0.5), { reason: 'STALE_ATTEMPT' });
  await study.report(one!, 1, 0.5);
  assert.deepEqual(await ids(study, 'a'), [[5, 1]]);
});

test('a client that was lost recovers what is its own also after a restart', async (t) => {
  const world = await EngineWorld.open(t);
  const study = await world.create({ ...single(9), limits: { maxParallelTrials: 2 } });
  await study.ask('a', { count: 2 });
  await world.restart();
  assert.deepEqual(await ids(study, 'b'), []);
  assert.deepEqual(await ids(study, 'a', { count: 2, recover: true }), [
    [1, 2],
    [2, 2],
  ]);
});

test('a lapsed lease is lent again though a trial that was given back finds no place', async (t) => {
  const world = await EngineWorld.open(t);
  const study = await world.create({ ...single(9), limits: { maxParallelTrials: 1 } });
  const first = await study.take('a');
  await study.add({ parameters: at(0.5) });
  await study.release(first);
  // The queued trial takes the place, and its worker dies.
  assert.deepEqual(await ids(study, 'b'), [[2, 1]]);
  await world.clock.advance(minute);
  assert.deepEqual(await ids(study, 'c'), [[2, 2]]);
  await study.fail({ trial: 2, attempt: 2 });
  assert.deepEqual(await ids(study, 'c'), [[1, 2]]);
});

test('promoted trials go out the furthest first, then by rank, whoever could be lent first', async (t) => {
  const world = await EngineWorld.open(t);
  const study = await world.create(asha(4, 2));
  const report = async (job: Job, loss: number) => (await study.report(job, job.to, loss), job);
  const first = await ask(study, 4);
  for (const job of first) await study.release(await report(job, job.trial), 1);
  // Both at rung 1 and the best of six at rung 0: two promotions, decided while all three are saving.
  const further = await Promise.all((await ask(study, 2)).map((job) => report(job, job.trial)));
  const [fifth, sixth] = await ask(study, 2);
  await report(fifth!, 0);
  await study.release(await report(sixth!, 9), 1);
  assert.deepEqual(
    (await ask(study, 1)).map(({ trial }) => trial),
    [7],
  );
  await study.release(fifth!, 1);
  await study.release(further[0]!, 2);
  assert.deepEqual(
    (await ask(study, 2)).map(({ trial, to }) => [trial, to]),
    [
      [1, 4],
      [5, 2],
    ],
  );

  const rungs = await world.create(halving(4, 2));
  const jobs = await ask(rungs, 4);
  for (const [i, loss] of [3, 1, 2, 0].entries()) await rungs.report(jobs[i]!, 1, loss);
  for (const job of jobs) await rungs.release(job, 1);
  assert.deepEqual(
    (await ask(rungs, 2)).map(({ trial }) => trial),
    [4, 2],
  );
});

async function ask(study: StudyDriver, count: number): Promise<Job[]> {
  return (await study.ask('x', { count, recover: false })).trials.map(jobOf);
}

test('queued trials take slots of the lowest rung, and are ranked like all others', async (t) => {
  const world = await EngineWorld.open(t);
  const study = await world.create(halving(4, 2));
  await study.add({ parameters: at(0.5) });
  const jobs = [await study.take('a'), await study.take('b'), await study.take('c'), await study.take('d')];
  // The bracket takes four; the queued one is one of them.
  assert.deepEqual((await study.ask('e')).trials, []);
  for (const [i, job] of jobs.entries()) {
    await study.report(job, 1, i);
    await study.release(job, 1).catch(() => undefined);
  }
  assert.deepEqual(await ids(study, 'e', { count: 4 }), [
    [1, 2],
    [2, 2],
  ]);
  const { scheduling } = await study.trial(1);
  assert.deepEqual([scheduling!.draw, scheduling!.rung], [undefined, 1]);
  assert.equal((await study.trial(2)).scheduling!.draw, 0);
});

test('a queued trial that no bracket takes ends with its study', async (t) => {
  const world = await EngineWorld.open(t);
  const study = await world.create(halving(1, 2));
  const job = await study.take('a');
  await study.add({ parameters: at(0.5) });
  assert.deepEqual((await study.ask('b')).trials, []);
  await study.report(job, 1, 0);
  assert.equal((await study.ask('b')).studyState, StudyState.COMPLETED);
  assert.equal((await study.trial(2)).state, TrialState.STOPPED);
  await assert.rejects(study.add({ parameters: at(0.5) }), { reason: 'STUDY_COMPLETED' });
});

test('a warm start enters no rung and takes no draw', async (t) => {
  const world = await EngineWorld.open(t);
  const [study, without] = [await world.create(asha(4, 2)), await world.create(asha(4, 2))];
  await study.add({ parameters: at(0.5), finalMeasurement: measurementOf(4, { loss: -1 }) });
  await study.add({ parameters: at(0.5), infeasibleReason: 'known not to work' });
  const [job, other] = [await study.take('a'), await without.take('a')];
  assert.deepEqual([job.trial, other.trial], [3, 1]);
  assert.deepEqual((await study.trial(3)).parameters, (await without.trial(1)).parameters);
  await study.report(job, 1, 0);
  await study.release(job, 1);
  // One of one: nobody is promoted before there are two.
  assert.equal((await study.take('a')).trial, 4);
});

test('numbers are dense, and not used again after a deletion and a restart', async (t) => {
  const world = await EngineWorld.open(t);
  const study = await world.create(single(1));
  for (let i = 1; i <= 3; i++) await study.report(await study.take('a'), 1, 0);
  await study.remove(3);
  await world.restart();
  assert.equal((await study.take('a')).trial, 4);
  await study.add({ parameters: at(0.5) });
  assert.deepEqual(
    (await study.trials()).map(({ id }) => id),
    [1, 2, 4, 5],
  );
});

test('the first trial is made of the defaults, and the sampler goes on from its second draw', async (t) => {
  const world = await EngineWorld.open(t);
  const domain = { $case: 'double', value: { min: 0, max: 1 } } as const;
  const value = { kind: { $case: 'doubleValue', value: 0.125 } } as const;
  const guess = await world.create({
    ...single(1),
    parameters: [{ name: 'x', domain, defaultValue: value }],
  });
  const plain = await world.create(single(1));
  for (const study of [guess, plain]) await study.ask('a', { count: 2 });
  assert.deepEqual((await guess.trial(1)).parameters, at(0.125));
  assert.deepEqual((await guess.trial(2)).parameters, (await plain.trial(2)).parameters);
});
