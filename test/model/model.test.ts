/**
 * Random histories of several clients, over sockets, against the real server: what
 * each call must come to, and what must hold after it. `npm run test:model` runs
 * many; WAZIR_TEST_SEED repeats those of a failure.
 */
import { test } from 'node:test';
import fc from 'fast-check';
import { runs } from '../engine/property-runs.js';
import { trainToTheEnd } from './asking.js';
import { design } from './choices.js';
import { everything } from './commands.js';
import { Coverage } from './coverage.js';
import { Follower } from './follower.js';
import { createStudy } from './user-calls.js';
import { World } from './world.js';

test('any history of calls, faults and restarts keeps the invariants', async (t) => {
  const coverage = new Coverage();
  const property = fc.asyncProperty(
    design,
    fc.commands(everything, { maxCommands: 60, size: 'max' }),
    async (first, commands) => {
      const world = await World.open(coverage);
      try {
        await createStudy(world, 'a', first);
        const study = [...world.studies.values()][0]!;
        world.follow(new Follower(study.name, study.uid));
        await fc.asyncModelRun(() => ({ model: {}, real: world }), commands);
        await world.checkFollowers();
        for (const known of world.studies.values()) await trainToTheEnd(world, known);
        await world.end();
      } finally {
        await world.remove();
      }
    },
  );
  try {
    await fc.assert(property, runs(30));
  } finally {
    for (const line of coverage.lines()) t.diagnostic(line);
  }
});
