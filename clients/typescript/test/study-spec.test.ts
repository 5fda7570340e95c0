import assert from 'node:assert/strict';
import { test } from 'node:test';
import { limitPaths } from '../src/limits.js';
import { writeStudySpec } from '../src/study-spec.js';
import { double, maximize, minimize, v1 } from '../src/index.js';

const least = { parameters: [double('x', 0, 1)], metrics: [maximize('accuracy')] };

test('what is not given is left to the server', () => {
  const spec = writeStudySpec(least);
  const { resource, sampler, scheduler, limits, leaseDuration, seed } = spec;
  assert.deepEqual(
    { resource, sampler, scheduler, limits, leaseDuration, seed },
    {
      resource: undefined,
      sampler: undefined,
      scheduler: undefined,
      limits: undefined,
      leaseDuration: undefined,
      seed: undefined,
    },
  );
  assert.equal(spec.measurementSelection, v1.MeasurementSelection.UNSPECIFIED);
});

test('every setting reaches the message', () => {
  const spec = writeStudySpec({
    ...least,
    metrics: [minimize('loss'), maximize('accuracy')],
    resource: { name: 'epoch', max: 27 },
    sampler: { grid: { shuffle: true } },
    scheduler: { hyperband: { eta: 4, rounding: v1.HyperbandScheduler_Rounding.TABLE_1, rounds: 0 } },
    limits: { maxTrials: 50, maxDurationSeconds: 90.5 },
    leaseSeconds: 1.25,
    finalMeasurement: 'best',
    seed: 0,
  });
  assert.deepEqual(
    spec.metrics.map(({ goal }) => goal),
    [v1.MetricGoal.MINIMIZE, v1.MetricGoal.MAXIMIZE],
  );
  assert.deepEqual(spec.resource, { name: 'epoch', min: 0, max: 27 });
  assert.deepEqual(spec.sampler, { kind: { $case: 'grid', value: { shuffle: true } } });
  assert.deepEqual(spec.scheduler, {
    kind: {
      $case: 'hyperband',
      value: { eta: 4, rounding: v1.HyperbandScheduler_Rounding.TABLE_1, rounds: 0 },
    },
  });
  assert.equal(spec.limits?.maxTrials, 50);
  assert.deepEqual(spec.limits?.maxDuration, { seconds: 90, nanos: 500_000_000 });
  assert.deepEqual(spec.leaseDuration, { seconds: 1, nanos: 250_000_000 });
  assert.equal(spec.measurementSelection, v1.MeasurementSelection.BEST);
  assert.equal(spec.seed, 0);
});

test('an algorithm can be chosen by its name alone', () => {
  const { sampler, scheduler } = writeStudySpec({ ...least, sampler: 'sobol', scheduler: 'ashaStopping' });
  assert.deepEqual(sampler, { kind: { $case: 'sobol', value: {} } });
  assert.deepEqual(scheduler, {
    kind: { $case: 'ashaStopping', value: { eta: 0, bracket: 0, minSamples: 0 } },
  });
});

test('an algorithm that this client does not know is refused, not replaced by the default', () => {
  assert.throws(() => writeStudySpec({ ...least, scheduler: 'magic' as 'asha' }), /magic/);
});

test('a change of limits names just those that are given', () => {
  assert.deepEqual(limitPaths({ maxTrials: 60, maxDurationSeconds: 0 }), [
    'spec.limits.max_trials',
    'spec.limits.max_duration',
  ]);
});
