/** A write that really fails: the operating system refuses to let a file of this process grow. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { breakDisk } from './broken-disk.js';
import { EngineWorld } from './engine-world.js';
import { jobOf } from './study-driver.js';
import { single } from './study-specs.js';

const minute = 60_000;

function reasonOf(error: unknown): string {
  return (error as { reason: string }).reason;
}

test('a failed commit ends every call, on every study; a retry by the same id has one effect', async (t) => {
  const world = await EngineWorld.open(t);
  const [study, other] = [
    await world.create(single(9)),
    await world.create({ ...single(9), limits: { maxTrials: 1 } }),
  ];
  const job = await study.take('a');
  await other.take('a');
  const waits = other.ask('b', {}, { waitMs: 10 * minute }).catch(reasonOf);
  const before = await study.study();
  await study.settled();
  const mend = breakDisk(t, world);
  const calls = [
    study.ask('b', { requestId: 'ask' }),
    study.report(job, 1, 0.5),
    other.stop(1, 'stop'),
    study.ask('c', { requestId: 'other' }),
  ];
  for (const reason of await Promise.all(calls.map((call) => call.catch(reasonOf))))
    assert.equal(reason, 'COMMIT_OUTCOME_UNKNOWN');
  assert.equal(await waits, 'STORE_UNAVAILABLE');
  // Nothing is shown of what may or may not be there.
  assert.equal(await study.trials().catch(reasonOf), 'STORE_UNAVAILABLE');
  assert.equal(await study.ask('d').catch(reasonOf), 'STORE_UNAVAILABLE');
  await mend();
  assert.notEqual(await study.study(), before);

  const asked = await study.ask('b', { requestId: 'ask' });
  assert.deepEqual((await study.ask('b', { requestId: 'ask' })).trials.map(jobOf), asked.trials.map(jobOf));
  await study.report(job, 1, 0.5);
  await other.stop(1, 'stop');
  const ids = (await study.trials()).map(({ id }) => id);
  assert.deepEqual(
    ids,
    ids.map((_, i) => i + 1),
  );
  assert.ok(ids.includes(asked.trials[0]!.id));
  assert.deepEqual(
    (await study.measurements(1)).map(({ step }) => step),
    [1],
  );
});

test('after a failure leases run their full duration anew, and askers can wait again', async (t) => {
  const world = await EngineWorld.open(t);
  const study = await world.create({ ...single(9), limits: { maxTrials: 1 } });
  const job = await study.take('a');
  await world.clock.advance(minute - 1);
  const mend = breakDisk(t, world);
  assert.equal(
    await study.renew(job, undefined).then(() => 'nothing to write', reasonOf),
    'nothing to write',
  );
  assert.equal(await study.stop(1).catch(reasonOf), 'COMMIT_OUTCOME_UNKNOWN');
  await mend();
  // Whether the stop is on disk or not, the lease goes on.
  assert.notEqual((await study.trial(1)).assignment, undefined);
  const waits = study.ask('b', {}, { waitMs: 10 * minute });
  await study.settled();
  await world.clock.advance(minute - 1);
  assert.equal((await study.study()).waiters.size, 1);
  await world.clock.advance(1);
  await waits;
});
