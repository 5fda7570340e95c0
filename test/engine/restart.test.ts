/**
 * A restart at any moment changes nothing that follows: at every prefix of random
 * histories a study is read anew from disk and goes on beside one that was not,
 * with every lease renewed at that moment.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { StudySpec } from '../../server/gen/wazir/v1/study.js';
import { storiedHistories } from './engine-history.js';
import { oracleStudies } from './engine-oracles.js';
import { everythingOf, outcomeOf, renewAll } from './engine-replay.js';
import { EngineWorld } from './engine-world.js';
import { runs } from './property-runs.js';
import type { Given } from './study-driver.js';

const leaseMs = 60_000;

const settings = fc.record({
  maxParallelTrials: fc.integer({ min: 0, max: 6 }),
  maxTrials: fc.integer({ min: 0, max: 15 }),
  maxTotalResource: fc.integer({ min: 0, max: 120 }),
  maxConsecutiveInfeasible: fc.integer({ min: 0, max: 3 }),
  maxAttempts: fc.integer({ min: 0, max: 3 }),
  seed: fc.maxSafeInteger(),
  sampler: fc.constantFrom('random' as const, 'sobol' as const, 'grid' as const),
});

for (const [name, studies] of Object.entries(oracleStudies))
  test(`${name}: a restart at every prefix of a history changes nothing that follows`, async (t) => {
    const world = await EngineWorld.open(t);
    await fc.assert(
      fc.asyncProperty(studies, settings, storiedHistories(40), async (made, given, history) => {
        const { seed, sampler, ...limits } = given;
        const value = sampler === 'grid' ? { shuffle: true } : {};
        const spec: Given<typeof StudySpec> = {
          ...made.spec,
          metrics: [
            { name: 'loss', goal: 2 },
            { name: 'time', goal: 2 },
          ],
          parameters: [{ name: 'x', gridPoints: 9, domain: { $case: 'double', value: { min: 0, max: 1 } } }],
          limits,
          seed,
          sampler: {
            kind: { $case: sampler, value } as NonNullable<Given<typeof StudySpec>['sampler']>['kind'],
          },
        };
        const pairs = await Promise.all(
          history.map(async () => ({
            restarted: await world.create(spec),
            unbroken: await world.create(spec),
          })),
        );
        for (const [i, command] of history.entries()) {
          await pairs[i]!.restarted.reload();
          await renewAll(pairs[i]!.unbroken);
          if (command.kind === 'restart') continue;
          if (command.kind === 'pass') {
            await world.clock.advance(command.leases * leaseMs);
            continue;
          }
          await Promise.all(
            pairs.map(async ({ restarted, unbroken }, k) => {
              const outcomes = [outcomeOf(restarted, command), outcomeOf(unbroken, command)];
              const [actual, expected] = await Promise.all(outcomes);
              assert.deepEqual(actual, expected, `command ${i} after a restart before command ${k}`);
            }),
          );
        }
        await Promise.all(
          pairs.map(async ({ restarted, unbroken }, k) => {
            const [actual, expected] = [await everythingOf(restarted), await everythingOf(unbroken)];
            assert.deepEqual(actual, expected, `after a restart before command ${k}`);
          }),
        );
        // They are done with: neither timers nor memory are to grow from run to run.
        await Promise.all(pairs.flatMap((pair) => Object.values(pair).map((study) => world.delete(study))));
      }),
      runs(2),
    );
  });
