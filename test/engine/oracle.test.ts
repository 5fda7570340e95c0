/**
 * In any interleaving of what can happen, engine and oracle agree on each decision,
 * and the invariants hold after every command.
 */
import { test } from 'node:test';
import fc from 'fast-check';
import { histories } from './engine-history.js';
import { EngineModel } from './engine-model.js';
import { oracleStudies } from './engine-oracles.js';
import { EnginePlayer } from './engine-player.js';
import { EngineWorld } from './engine-world.js';
import { runs } from './property-runs.js';

const leaseMs = 60_000;

const limits = fc.record({
  maxTrials: fc.integer({ min: 3, max: 40 }),
  maxParallel: fc.integer({ min: 2, max: 9 }),
  maxAttempts: fc.integer({ min: 1, max: 4 }),
});

for (const [name, studies] of Object.entries(oracleStudies))
  test(`${name}: engine and oracle agree on every decision`, async (t) => {
    const world = await EngineWorld.open(t);
    await fc.assert(
      fc.asyncProperty(studies, limits, histories(160), async (made, limit, history) => {
        const { maxTrials, maxParallel, maxAttempts } = limit;
        const study = await world.create({
          ...made.spec,
          metrics: [
            { name: 'loss', goal: 2 },
            { name: 'time', goal: 2 },
          ],
          limits: { maxTrials, maxParallelTrials: maxParallel, maxAttempts },
        });
        const model = new EngineModel(made.oracle(), { ...limit, leaseMs, ladder: made.ladder });
        await new EnginePlayer(world, study, model, made.max, leaseMs).play(history);
      }),
      runs(15),
    );
  });
