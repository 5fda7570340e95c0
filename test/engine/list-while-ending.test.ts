/** Found by the crash loop: a list that met a trial as it ended showed it without its reports. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { allTrials } from '../../server/engine/queries.js';
import { TrialState, type Trial } from '../../server/gen/wazir/v1/trial.js';
import { EngineWorld } from './engine-world.js';
import { single } from './study-specs.js';

test('a trial that ends while trials are listed is not shown as it was before its reports', async (t) => {
  const world = await EngineWorld.open(t);
  const study = await world.create(single(9));
  await study.take('a');
  const second = await study.take('b');
  await study.report(second, 1, 0.5);
  const listing = allTrials(await study.study());
  // The first step takes the snapshot, which has the second trial as it was lent.
  await listing.next();
  await study.complete(second);
  const { value } = (await listing.next()) as { value: readonly [trial: Trial, bytes: number] };
  const [trial] = value;
  assert.deepEqual([trial.id, trial.state, trial.lastStep], [2, TrialState.SUCCEEDED, 1]);
});

test('a trial that is deleted while trials are listed is left out', async (t) => {
  const world = await EngineWorld.open(t);
  const study = await world.create(single(9));
  await study.take('a');
  const second = await study.take('b');
  await study.release(second);
  const listing = allTrials(await study.study());
  await listing.next();
  await study.remove(second.trial);
  assert.deepEqual(await listing.next(), { value: undefined, done: true });
});
