import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { v1, type Study } from '../src/index.js';
import { FakeClock } from '../../../test/engine/fake-clock.js';
import { settings, startLive } from './live-server.js';

/** Every report that was acknowledged, as `trial attempt epoch`. */
type Ledger = Set<string>;

/** Trains as a job would: resumes from what it has saved, and checks that this is what the server thinks it is. */
async function work(study: Study, directory: string, ledger: Ledger, onReport?: () => Promise<void>) {
  for await (const trial of study.trials({ checkpointDir: join(directory, 'checkpoints') })) {
    const start = trial.checkpointPath === undefined ? '0' : await readFile(trial.checkpointPath, 'utf8');
    assert.equal(Number(start), trial.fromResource);
    let trained = trial.fromResource;
    for await (const epoch of trial.steps()) {
      assert.equal(epoch, ++trained);
      const { action } = await trial.report(epoch, { score: (trial.parameters['x'] as number) * epoch });
      if (action !== 'lost') ledger.add(`${trial.id} ${trial.attempt} ${epoch}`);
      await onReport?.();
    }
    await writeFile(trial.checkpointPathToWrite, String(trained));
  }
}

async function listed(study: Study): Promise<Ledger> {
  const found: Ledger = new Set();
  for await (const { id } of study.listTrials()) {
    for await (const { attempt, step } of study.listMeasurements(id, { superseded: true })) {
      found.add(`${id} ${attempt} ${step}`);
    }
  }
  return found;
}

for (const unix of [false, true]) {
  test(`workers take a study to its end over ${unix ? 'a unix socket' : 'TCP'}`, async (t) => {
    const { client, connect, directory } = await startLive(t, { unix });
    const study = await client.createStudy('s', settings);
    const ledger: Ledger = new Set();
    const others = [connect().study('s'), connect().study('s')];
    await Promise.all([study, ...others].map((each) => work(each, directory, ledger)));
    const { state, progress } = await study.get();
    assert.equal(state, v1.StudyState.COMPLETED);
    assert.equal(progress?.resourceSpent, ledger.size, 'no epoch was trained twice');
    assert.deepEqual(await listed(study), ledger);
    const best = await study.best();
    assert.equal(best?.step, 9);
    assert.equal(best.value, best.metrics['score']);
    assert.equal(best.value, (best.parameters['x'] as number) * 9);
  });
}

test('a worker goes on through a restart of the server, and nothing acknowledged is lost', async (t) => {
  const { client, directory, stop, restart } = await startLive(t);
  const study = await client.createStudy('s', settings);
  const ledger: Ledger = new Set();
  let restarts = 0;
  await work(study, directory, ledger, async () => {
    if (![2, 7].includes(ledger.size)) return;
    restarts++;
    await stop();
    // The next report or ask finds nobody; it must wait for the server.
    setImmediate(() => void restart());
  });
  assert.equal(restarts, 2);
  assert.deepEqual(await listed(study), ledger);
  const { state, progress } = await study.get();
  assert.equal(state, v1.StudyState.COMPLETED);
  assert.equal(progress?.reassigned, 0);
});

test('a worker whose lease ran out finds its trial taken, and another finishes it', async (t) => {
  const clock = new FakeClock();
  const { client, connect } = await startLive(t, { clock });
  const study = await client.createStudy('s', { ...settings, leaseSeconds: 60 });
  const slow = study.trials();
  const first = (await slow.next()).value!;
  await clock.advance(61_000);
  const second = (await connect().study('s').trials().next()).value!;
  assert.deepEqual([second.id, second.attempt], [first.id, first.attempt + 1]);
  assert.deepEqual((await first.report(1, { score: 0 })).action, 'lost');
  assert.equal(first.lost, true);
  assert.equal((await second.report(1, { score: 1 })).action, 'pause');
  assert.equal((await study.get()).progress?.reassigned, 1);
});

test('a worker that comes back under its name gets its trial back', async (t) => {
  const { client, connect } = await startLive(t);
  const study = await client.createStudy('s', settings);
  const before = (await study.trials({ worker: 'w' }).next()).value!;
  const after = (await connect().study('s').trials({ worker: 'w' }).next()).value!;
  assert.deepEqual([after.id, after.attempt], [before.id, before.attempt + 1]);
});

test('two loops of a client under one name run two trials', async (t) => {
  const { client } = await startLive(t);
  const study = await client.createStudy('s', settings);
  const loops = [study.trials({ worker: 'w' }), study.trials({ worker: 'w' })];
  const first = (await loops[0]!.next()).value!;
  const second = (await loops[1]!.next()).value!;
  assert.notEqual(first.id, second.id);
  assert.equal((await first.report(1, { score: 0 })).action, 'pause');
  assert.equal(first.lost, false);
});

test('a trial that is stopped elsewhere aborts the signal of its worker', async (t) => {
  const { client, connect } = await startLive(t);
  const study = await client.createStudy('s', { ...settings, scheduler: 'single' });
  for await (const trial of study.trials()) {
    const trained: number[] = [];
    for await (const epoch of trial.steps()) {
      trained.push(epoch);
      await trial.report(epoch, { score: 0 });
      const aborted = new Promise((resolve) => trial.signal.addEventListener('abort', resolve));
      await connect().study('s').stopTrial(trial.id);
      await aborted;
    }
    assert.deepEqual(trained, [1]);
    break;
  }
  assert.equal((await study.getTrial(1)).state, v1.TrialState.STOPPED);
});

test('a trial given back is offered again, from the checkpoint that was announced', async (t) => {
  const { client, directory } = await startLive(t);
  const study = await client.createStudy('s', { ...settings, scheduler: 'single' });
  const checkpointDir = join(directory, 'checkpoints');
  for await (const trial of study.trials({ checkpointDir })) {
    for (const step of [1, 2, 3]) await trial.report(step, { score: 0 });
    await writeFile(trial.checkpointPathToWrite, '2');
    await trial.checkpoint(2);
    break;
  }
  const again = (await study.trials({ checkpointDir }).next()).value!;
  assert.deepEqual([again.id, again.attempt, again.fromResource], [1, 2, 2]);
  assert.equal(await readFile(again.checkpointPath!, 'utf8'), '2');
});
