/** MAXIMIZE on y equals MINIMIZE on −y, in every decision and answer. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { MetricGoal } from '../../server/gen/wazir/v1/study.js';
import { storiedHistories, type Command, type UserCommand } from './engine-history.js';
import { oracleStudies } from './engine-oracles.js';
import { outcomeOf } from './engine-replay.js';
import { EngineWorld } from './engine-world.js';
import { runs } from './property-runs.js';
import type { StudyDriver } from './study-driver.js';

const leaseMs = 60_000;

function negated<C extends Command | UserCommand>(command: C): C {
  return 'loss' in command ? { ...command, loss: -command.loss } : command;
}

/** What was decided of each trial, without the values. */
async function decisions(study: StudyDriver): Promise<unknown[]> {
  return (await study.trials()).map(
    ({ state, attempts, parameters, scheduling, bestMeasurement, finalMeasurement }) => {
      const steps = [bestMeasurement?.step, finalMeasurement?.step];
      return [state, attempts, parameters, scheduling, steps];
    },
  );
}

test('MAXIMIZE on y equals MINIMIZE on −y', async (t) => {
  const world = await EngineWorld.open(t);
  await fc.assert(
    fc.asyncProperty(
      fc.oneof(...Object.values(oracleStudies)),
      storiedHistories(60),
      async ({ spec }, history) => {
        const of = (goal: MetricGoal) => {
          const time = { name: 'time', goal: MetricGoal.MINIMIZE };
          return world.create({
            ...spec,
            metrics: [{ name: 'loss', goal }, time],
            limits: { maxTrials: 12 },
          });
        };
        const [down, up] = [await of(MetricGoal.MINIMIZE), await of(MetricGoal.MAXIMIZE)];
        for (const command of history) {
          if (command.kind === 'pass') await world.clock.advance(command.leases * leaseMs);
          if (command.kind === 'pass' || command.kind === 'restart') continue;
          await Promise.all([outcomeOf(down, command), outcomeOf(up, negated(command))]);
          assert.deepEqual(await decisions(up), await decisions(down));
        }
        const best = [await up.optimal(), await down.optimal()];
        assert.deepEqual(
          best[0]!.map(({ id }) => id),
          best[1]!.map(({ id }) => id),
        );
      },
    ),
    runs(40),
  );
});
