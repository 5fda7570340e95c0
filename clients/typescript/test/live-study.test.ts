import assert from 'node:assert/strict';
import { test } from 'node:test';
import { categorical, double, integer, maximize, minimize, v1, when, WazirError } from '../src/index.js';
import { settings, startLive } from './live-server.js';

test('a study shows what it was created with, and what the server filled in', async (t) => {
  const { client } = await startLive(t);
  const optimizer = categorical('optimizer', ['sgd', 'adam'], {
    children: when('sgd', double('momentum', 0.5, 0.99)),
  });
  const parameters = [
    double('lr', 1e-4, 1, { scale: 'log', default: 0.1 }),
    integer('layers', 1, 3),
    optimizer,
  ];
  const study = await client.createStudy('digits', {
    ...settings,
    parameters,
    displayName: 'Digits',
    labels: { team: 'vision' },
    leaseSeconds: 1.5,
  });
  const message = await study.get();
  assert.equal(message.name, 'owners/default/studies/digits');
  assert.equal(message.displayName, 'Digits');
  assert.deepEqual(message.labels, { team: 'vision' });
  assert.deepEqual(
    message.spec?.parameters.map(({ name }) => name),
    ['lr', 'layers', 'optimizer'],
  );
  assert.deepEqual(message.spec?.leaseDuration, { seconds: 1, nanos: 500_000_000 });
  assert.equal(message.spec?.resource?.min, 1);
});

test('a wrong study is refused with every wrong field', async (t) => {
  const { client } = await startLive(t);
  const wrong = { ...settings, parameters: [double('x', 2, 1), double('y', 0, 1, { scale: 'log' })] };
  const error = await client.createStudy('s', wrong).catch((thrown: unknown) => thrown);
  assert.ok(error instanceof WazirError);
  assert.equal(error.code, 'INVALID_ARGUMENT');
  assert.equal(error.violations.length, 2);
  assert.match(error.violations[0]!.field, /parameters\[0\]\.double/);
  assert.match(error.violations[1]!.field, /parameters\[1\]\.double\.min/);
});

test('a name that is taken is an error unless a study may be there', async (t) => {
  const { client } = await startLive(t);
  await client.createStudy('s', settings);
  await assert.rejects(client.createStudy('s', settings), { code: 'ALREADY_EXISTS', reason: 'STUDY_EXISTS' });
  const study = await client.createStudy('s', { ...settings, seed: 99, existOk: true });
  assert.equal((await study.get()).spec?.seed, 1);
});

test('owners do not see each other', async (t) => {
  const { client, connect } = await startLive(t);
  await client.createStudy('s', settings);
  await assert.rejects(connect({ owner: 'other' }).study('s').get(), { code: 'NOT_FOUND' });
});

test('studies are listed over all pages, and are gone when deleted', async (t) => {
  const { client } = await startLive(t);
  const ids = Array.from({ length: 60 }, (_, i) => `s${String(i).padStart(2, '0')}`);
  for (const id of ids) await client.createStudy(id, settings);
  await client.study('s00').delete();
  const names: string[] = [];
  for await (const { name } of client.listStudies()) names.push(name);
  assert.deepEqual(
    names,
    ids.slice(1).map((id) => `owners/default/studies/${id}`),
  );
});

test('limits, labels and state of a study can be changed, and nothing else moves', async (t) => {
  const { client } = await startLive(t);
  const study = await client.createStudy('s', { ...settings, limits: { maxTrials: 9, maxAttempts: 5 } });
  await study.update({ limits: { maxTrials: 12 }, labels: { a: '1' }, displayName: 'S' });
  const paused = await study.update({ state: 'paused' });
  assert.equal(paused.spec?.limits?.maxTrials, 12);
  assert.equal(paused.spec?.limits?.maxAttempts, 5);
  assert.deepEqual([paused.labels, paused.displayName], [{ a: '1' }, 'S']);
  assert.equal(paused.state, v1.StudyState.PAUSED);
  assert.equal((await study.complete()).endReason, v1.StudyEndReason.ENDED_BY_USER);
});

test("trials of one's own are queued, or added with their result", async (t) => {
  const { client } = await startLive(t);
  const parameters = [integer('n', 1, 9), categorical('c', ['a', 'b'])];
  const study = await client.createStudy('s', { ...settings, parameters, scheduler: 'single' });
  await study.addResult({ n: 3, c: 'b' }, { score: 0.5 }, { step: 9 });
  await study.enqueue({ n: 7, c: 'a' });
  for await (const trial of study.trials()) {
    assert.deepEqual(trial.parameters, { n: 7, c: 'a' });
    await trial.complete({ score: 0.4 });
    break;
  }
  const best = await study.best();
  assert.deepEqual([best?.value, best?.parameters, best?.step], [0.5, { n: 3, c: 'b' }, 9]);
  const succeeded = study.listTrials({ states: [v1.TrialState.SUCCEEDED] });
  const ids: number[] = [];
  for await (const { id } of succeeded) ids.push(id);
  assert.deepEqual(ids, [1, 2]);
  await study.deleteTrial(1);
  assert.deepEqual((await study.best())?.parameters, { n: 7, c: 'a' });
});

test('the best trial of several metrics is the best by the first', async (t) => {
  const { client } = await startLive(t);
  const metrics = [minimize('loss'), maximize('speed')];
  const study = await client.createStudy('s', { parameters: [integer('n', 1, 9)], metrics });
  assert.equal(await study.best(), undefined);
  await study.addResult({ n: 1 }, { loss: 3, speed: 30 });
  await study.addResult({ n: 2 }, { loss: 1, speed: 10 });
  await study.addResult({ n: 3 }, { loss: 2, speed: 5 });
  assert.deepEqual((await study.best())?.parameters, { n: 2 });
  assert.deepEqual(
    (await study.optimal()).map(({ id }) => id),
    [1, 2],
  );
});

test('a study without a resource ends by what its workers say', async (t) => {
  const { client } = await startLive(t);
  const study = await client.createStudy('s', {
    parameters: [double('x', 0, 1)],
    metrics: [minimize('loss')],
    limits: { maxTrials: 3 },
  });
  for await (const trial of study.trials()) {
    if (trial.id === 1) await trial.infeasible('not this one');
    else if (trial.id === 2) await trial.fail('broken');
    else await trial.complete({ loss: trial.parameters['x'] as number });
  }
  const { progress, state } = await study.get();
  assert.equal(state, v1.StudyState.COMPLETED);
  assert.deepEqual([progress?.succeeded, progress?.failed, progress?.infeasible], [2, 1, 1]);
});

test('a watch sees what is there and what happens, and goes on after a restart', async (t) => {
  const { client, stop, restart } = await startLive(t);
  const study = await client.createStudy('s', settings);
  await study.enqueue({ x: 0.1 });
  const seen: string[] = [];
  for await (const { record, caughtUp, sequence } of study.watch()) {
    assert.ok(record !== undefined && sequence > 0);
    seen.push(record.$case === 'trial' ? `trial ${record.value.id}` : 'study');
    if (seen.includes('trial 2')) break;
    if (!caughtUp || seen.includes('restarted')) continue;
    await stop();
    await restart();
    seen.push('restarted');
    await study.enqueue({ x: 0.2 });
  }
  assert.equal(seen.filter((each) => each === 'trial 1').length, 1);
  assert.ok(seen.indexOf('restarted') < seen.indexOf('trial 2'));
});

test('a watch ends with its signal, and with its study', async (t) => {
  const { client } = await startLive(t);
  const study = await client.createStudy('s', settings);
  const controller = new AbortController();
  for await (const { caughtUp } of study.watch({ signal: controller.signal })) {
    if (caughtUp) controller.abort();
  }
  const watched = (async () => {
    for await (const { caughtUp } of study.watch()) if (caughtUp) await study.delete();
  })();
  await assert.rejects(watched, { code: 'NOT_FOUND' });
});

test('the server says what it can do', async (t) => {
  const { client } = await startLive(t);
  const { samplers, schedulers } = await client.listAlgorithms();
  assert.ok(samplers.some(({ name }) => name === 'random'));
  assert.ok(schedulers.some(({ name, needsResource }) => name === 'asha' && needsResource));
});
