/** The doctor finds nothing wrong where nothing is. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { examine } from '../../server/doctor/examine.js';
import { EngineWorld } from '../engine/engine-world.js';
import { directoryContents } from '../store/directory-contents.js';
import { busySpecs, playBusily } from './busy-history.js';

for (const seed of [1, 2, 3])
  test(`a busy history leaves nothing to be found, and looking changes nothing: seed ${seed}`, async (t) => {
    const world = await EngineWorld.open(t);
    await playBusily(world, seed, 60);
    await world.offline(async () => {
      const before = await directoryContents(world.directory);
      const { findings, studies, trials, measurements } = await examine(world.directory);
      assert.deepEqual(findings, []);
      assert.equal(studies, Object.keys(busySpecs).length);
      assert.ok(trials > 50 && measurements > 50, `${trials} trials, ${measurements} measurements`);
      assert.deepEqual(await directoryContents(world.directory), before);
    });
  });
