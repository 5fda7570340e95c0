/**
 * No study ever hangs: whatever the space, the settings and the deaths of workers,
 * each asker gets a job, a wait that ends, or the end, and the study comes to its end.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { compileSpace } from '../../server/domain/space.js';
import type { ParameterSpec } from '../../server/domain/spec.js';
import { hasEnded } from '../../server/domain/trial.js';
import { Directive_Kind as Kind } from '../../server/gen/wazir/v1/measurement.js';
import type { StudySpec } from '../../server/gen/wazir/v1/study.js';
import { StudyState, type Trial } from '../../server/gen/wazir/v1/trial.js';
import { spaceArbitrary } from '../domain/space-arbitrary.js';
import { oracleStudies } from './engine-oracles.js';
import { EngineWorld } from './engine-world.js';
import { runs } from './property-runs.js';
import { jobOf, measurementOf, type Given, type Job, type StudyDriver } from './study-driver.js';

const minute = 60_000;

/** What a worker does with a job, besides training it to the end. */
const fates = [
  'train',
  'train',
  'train',
  'die',
  'die saving',
  'fail',
  'infeasible',
  'complete',
  'give back',
] as const;
type Fate = (typeof fates)[number];

const run = fc.record({
  study: fc.oneof(...Object.values(oracleStudies)),
  parameters: spaceArbitrary({ small: true, breadth: 3, levels: 2 }),
  sampler: fc.constantFrom('random' as const, 'sobol' as const, 'grid' as const),
  limits: fc.record({
    maxTrials: fc.integer({ min: 1, max: 25 }),
    maxTotalResource: fc.oneof(fc.constant(0), fc.integer({ min: 1, max: 200 })),
    maxParallelTrials: fc.integer({ min: 0, max: 4 }),
    maxConsecutiveInfeasible: fc.integer({ min: 0, max: 4 }),
    maxAttempts: fc.integer({ min: 0, max: 3 }),
  }),
  workers: fc.integer({ min: 1, max: 5 }),
  queued: fc.integer({ min: 0, max: 3 }),
  // Used over and over, for a while: what is infeasible and replaced for ever would not end.
  fates: fc.array(fc.constantFrom(...fates), { minLength: 1, maxLength: 20 }),
  loss: fc.array(fc.oneof(fc.integer({ min: 0, max: 5 }), fc.constantFrom(NaN, Infinity)), { minLength: 1 }),
});

/** Jobs after which every worker trains. */
const SPARED = 200;

/** More rounds of all workers than any of these studies needs. */
const MANY = 1500;

test('every asker gets a job, a wait that ends, or the end; and the study ends', async (t) => {
  const world = await EngineWorld.open(t);
  await fc.assert(
    fc.asyncProperty(run, async (it) => {
      // Not every range holds a grid.
      const study = await world
        .create(specOf(it))
        .catch(() => world.create(specOf({ ...it, sampler: 'random' })));
      const space = compileSpace((await study.get()).spec!.parameters);
      await queue(study, it.parameters, it.queued);
      let turn = 0;
      for (let round = 0; ; round++) {
        assert.ok(round < MANY, 'the study does not end');
        const asks = Array.from({ length: it.workers }, (_, w) => study.ask(`w${w}`, {}, { waitMs: 5000 }));
        await study.settled();
        await world.clock.advance(5000);
        const answers = await Promise.all(asks);
        for (const { trials, studyState, retryAfter } of answers) {
          assert.equal(trials.length === 0 && studyState !== StudyState.COMPLETED, retryAfter !== undefined);
          for (const trial of trials) {
            // Throws for what is missing, unknown, inactive, out of range or not listed.
            space.toPoint(trial.parameters, 'parameters');
            await fare(
              study,
              jobOf(trial),
              turn < SPARED ? it.fates[turn % it.fates.length]! : 'train',
              it.loss[turn % it.loss.length]!,
            );
            turn++;
          }
        }
        if (answers.some(({ studyState }) => studyState === StudyState.COMPLETED)) break;
        // Nobody works at this moment: what waits must be for the end of a lease.
        const trials = await study.trials();
        if (answers.every((answer) => answer.trials.length === 0)) {
          assert.ok(
            trials.some((trial) => isAwaited(trial)),
            'nothing is lent, and nobody gets anything',
          );
          await world.clock.advance(minute);
        }
      }
      for (const { state } of await study.trials()) assert.ok(hasEnded(state));
      const { progress, spec } = await study.get();
      const { maxTotalResource } = spec!.limits!;
      if (maxTotalResource > 0) assert.ok(progress!.resourceSpent <= maxTotalResource, 'budget');
      await world.delete(study);
    }),
    runs(60),
  );
});

function specOf(it: {
  study: { spec: Given<typeof StudySpec> };
  parameters: ParameterSpec[];
  sampler: string;
  limits: object;
}) {
  const sampler = { kind: { $case: it.sampler, value: {} } } as NonNullable<
    Given<typeof StudySpec>['sampler']
  >;
  return { ...it.study.spec, parameters: it.parameters, sampler, limits: it.limits };
}

/** Whether the end of a lease, or of the time for saving, is to come. */
function isAwaited({ assignment, scheduling }: Trial): boolean {
  return assignment !== undefined || scheduling?.promoted === true;
}

async function queue(study: StudyDriver, parameters: ParameterSpec[], count: number): Promise<void> {
  const space = compileSpace(parameters);
  for (let i = 0; i < count; i++) {
    const point = space.prune(space.dimensions.map(() => i / count));
    // Where there is no room for it, it is refused.
    await study.add({ parameters: space.toParameters(point) }).catch((error: { reason: string }) => {
      assert.equal(error.reason, 'LIMIT_EXCEEDED');
    });
  }
}

async function fare(study: StudyDriver, job: Job, fate: Fate, loss: number): Promise<void> {
  switch (fate) {
    case 'die':
      return;
    case 'fail':
      await study.fail(job);
      return;
    case 'infeasible':
      await study.infeasible(job);
      return;
    case 'give back':
      await study.release(job);
      return;
    case 'complete':
      await study.complete(job, { finalMeasurement: measurementOf(0, { loss }) });
      return;
    case 'train':
    case 'die saving':
      await train(study, job, loss, fate === 'train');
  }
}

async function train(study: StudyDriver, job: Job, loss: number, saves: boolean): Promise<void> {
  for (let step = job.from + 1, until = job.to; step <= until; step++) {
    const directive = await study.report(job, step, loss);
    if (directive.kind === Kind.PAUSE && saves) await study.release(job, step);
    if (directive.kind !== Kind.CONTINUE) return;
    until = directive.until;
  }
  assert.fail('a job has an end');
}
