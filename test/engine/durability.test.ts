/** No reply shows what is not durable, and none waits for more than that. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { TrialRecord } from '../../server/gen/wazir/internal/v1/records.js';
import { TrialState } from '../../server/gen/wazir/v1/trial.js';
import { keys } from '../../server/store/keys.js';
import { EngineWorld } from './engine-world.js';
import { jobOf } from './study-driver.js';
import { single } from './study-specs.js';

test('a read waits for what is under way and not for what comes after it', async (t) => {
  const world = await EngineWorld.open(t);
  const study = await world.create(single(9));
  const [a, b] = [await study.take('a'), await study.take('b')];
  const calls: Record<string, () => Promise<unknown>> = {
    'get study': () => study.get(),
    'get live trial': () => study.trial(1),
    'what reads from disk waits first': async () => (await study.study()).settled(),
  };
  for (const [i, [name, call]] of Object.entries(calls).entries()) {
    const order: string[] = [];
    const first = study.report(a, i + 1, 1).then(() => order.push('first'));
    // By now the first is being written, so that the second can not join its batch.
    await setImmediate();
    const read = call().then(() => order.push('read'));
    const second = study.report(b, i + 1, 1).then(() => order.push('second'));
    await Promise.all([first, read, second]);
    assert.ok(order.indexOf('read') < order.indexOf('second'), name);
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
