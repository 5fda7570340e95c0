/** No reply shows what is not durable, and none waits for more than that. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { TrialRecord } from '../../server/gen/wazir/internal/v1/records.js';
import { TrialState } from '../../server/gen/wazir/v1/trial.js';
import { keys } from '../../server/store/keys.js';
import { EngineWorld } from './engine-world.js';
import { jobOf, type Job, type StudyDriver } from './study-driver.js';
import { single } from './study-specs.js';

/** Reports without end, each as soon as the one before is acknowledged, until told to cease. */
function load(study: StudyDriver, jobs: readonly Job[]) {
  let ceased = false;
  let reports = 0;
  const workers = jobs.map(async (job, i) => {
    for (let step = 1; !ceased; step++) {
      for (let turn = 0; turn < i; turn++) await setImmediate();
      await study.report(job, step, step);
      reports++;
    }
  });
  const cease = async () => {
    ceased = true;
    await Promise.all(workers);
  };
  return { cease, reports: () => reports };
}

test('reads, and reports sent again, are answered while reports never cease', async (t) => {
  const world = await EngineWorld.open(t);
  const study = await world.create(single(2 ** 40));
  const { trials } = await study.ask('a', { count: 8 });
  const jobs = trials.map(jobOf);
  await study.fail(jobs[7]!);
  const first = await study.report(jobs[0]!, 1, 1);
  const { cease, reports } = load(study, jobs.slice(1, 7));
  const calls: [string, () => Promise<unknown>][] = [
    ['get study', () => study.get()],
    ['get live trial', () => study.trial(2)],
    ['get ended trial', () => study.trial(8)],
    ['list', () => study.trials()],
    ['optimal', () => study.optimal()],
    ['report again', async () => assert.deepEqual(await study.report(jobs[0]!, 1, 1), first)],
    ['annotate', () => study.annotate([{ trial: 8, metadata: { key: 'k' } }])],
    ['ask', () => study.ask('b')],
  ];
  try {
    for (const [name, call] of calls) {
      const before = reports();
      let answered = false;
      const answer = call().then(() => (answered = true));
      while (!answered && reports() < before + 1000) await setImmediate();
      assert.ok(answered, name);
      await answer;
    }
  } finally {
    await cease();
  }
});

test('what a reply or a read shows is on disk', async (t) => {
  const world = await EngineWorld.open(t);
  const study = await world.create(single(9));
  const { uid } = await study.study();
  const onDisk = async (id: number) => {
    const bytes = await world.store.get(keys.trial(uid, id));
    return bytes && TrialRecord.decode(bytes).trial!;
  };
  const asked = study.ask('a');
  const listed = (async () => {
    while ((await study.trials()).length === 0) await setImmediate();
    assert.equal((await onDisk(1))?.state, TrialState.ACTIVE);
  })();
  const got = (async () => {
    while (!(await study.trial(1).catch(() => undefined))) await setImmediate();
    assert.equal((await onDisk(1))?.attempts, 1);
  })();
  const job = jobOf((await asked).trials[0]!);
  assert.equal((await onDisk(1))?.attempts, 1);
  await Promise.all([listed, got]);
  const failing = study.fail(job);
  const seen = (async () => {
    while ((await study.trial(1)).state !== TrialState.FAILED) await setImmediate();
    assert.equal((await onDisk(1))?.state, TrialState.FAILED);
  })();
  await Promise.all([failing, seen]);
});

test('what the disk refuses has no effect: the study is read anew, and goes on when there is room', async (t) => {
  const world = await EngineWorld.open(t);
  const study = await world.create(single(9));
  const job = await study.take('a');
  await study.report(job, 1, 0.5);
  const before = await study.trial(1);
  await world.restart(2 ** 60);
  const full = { reason: 'LIMIT_EXCEEDED' };
  await assert.rejects(study.report(job, 2, 0.25), full);
  await assert.rejects(study.ask('b'), full);
  await assert.rejects(study.stop(1), full);
  await assert.rejects(world.delete(study), full);
  await assert.rejects(world.create(single(9)), full);
  const after = await study.trial(1);
  assert.deepEqual({ ...after, assignment: undefined }, { ...before, assignment: undefined });
  assert.equal((await study.trials()).length, 1);
  await world.restart();
  await study.report(job, 2, 0.25);
  assert.equal((await study.take('b')).trial, 2);
});
