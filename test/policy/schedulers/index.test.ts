import assert from 'node:assert/strict';
import { test } from 'node:test';
import { HyperbandRounding, type SchedulerSpec, type StudySpec } from '../../../server/domain/spec.js';
import { schedulerOf, schedulers } from '../../../server/policy/schedulers/index.js';
import { specOf } from './spec.js';

test('all schedulers, by the names of their fields', () => {
  assert.deepEqual(
    schedulers.map(({ name }) => name),
    ['single', 'successive_halving', 'hyperband', 'asha', 'asha_stopping', 'async_hyperband'],
  );
});

test('a spec without a scheduler means asha where the resource has a range, else single', () => {
  assert.equal(schedulerOf(specOf(undefined, undefined)).name, 'single');
  assert.equal(schedulerOf(specOf(undefined, 1, 0)).name, 'single');
  assert.equal(schedulerOf(specOf(undefined, 5, 5)).name, 'single');
  assert.equal(schedulerOf(specOf(undefined, 5)).name, 'asha');
  assert.equal(schedulerOf({ ...specOf(undefined, 5), scheduler: undefined }).name, 'asha');
  assert.equal(
    schedulerOf(specOf({ $case: 'hyperband', value: { eta: 0, rounding: 0 } }, 5)).name,
    'hyperband',
  );
});

/** The settings that a study shows. */
function shown(spec: StudySpec): SchedulerSpec['kind'] {
  const filled = schedulerOf(spec).withDefaults(spec);
  assert.deepEqual(schedulerOf(filled).check(filled), []);
  assert.deepEqual(schedulerOf(filled).withDefaults(filled), filled, 'nothing is left to fill in');
  return filled.scheduler!.kind;
}

test('defaults', () => {
  assert.deepEqual(shown(specOf(undefined, undefined)), { $case: 'single', value: {} });
  assert.deepEqual(shown(specOf(undefined, 81)), { $case: 'asha', value: { eta: 3, bracket: 0 } });
  const halving = { eta: 0, bracket: 0, trials: 0 };
  assert.deepEqual(shown(specOf({ $case: 'successiveHalving', value: halving }, 81)), {
    $case: 'successiveHalving',
    value: { eta: 3, bracket: 0, trials: 81, rounds: 1 },
  });
  assert.deepEqual(
    shown(specOf({ $case: 'successiveHalving', value: { ...halving, rounds: 0 } }, 81, 1, 100)),
    {
      $case: 'successiveHalving',
      value: { eta: 3, bracket: 0, trials: 100, rounds: 0 },
    },
  );
  assert.deepEqual(shown(specOf({ $case: 'successiveHalving', value: { ...halving, eta: 2.5 } }, 25, 4, 3)), {
    $case: 'successiveHalving',
    value: { eta: 2.5, bracket: 0, trials: 7, rounds: 1 },
  });
  assert.deepEqual(shown(specOf({ $case: 'hyperband', value: { eta: 0, rounding: 0 } }, 81)), {
    $case: 'hyperband',
    value: { eta: 3, rounding: HyperbandRounding.ALGORITHM_1, rounds: 1 },
  });
  assert.deepEqual(
    shown(specOf({ $case: 'ashaStopping', value: { eta: 4, bracket: 1, minSamples: 0 } }, 81)),
    {
      $case: 'ashaStopping',
      value: { eta: 4, bracket: 1, minSamples: 1 },
    },
  );
  assert.deepEqual(
    shown(specOf({ $case: 'asyncHyperband', value: { eta: 0, brackets: 0, stopping: true } }, 81)),
    {
      $case: 'asyncHyperband',
      value: { eta: 3, brackets: 5, stopping: true },
    },
  );
});

/** The fields that are wrong; the same with and without defaults. */
function wrong(kind: NonNullable<SchedulerSpec['kind']>, max: number | undefined = 81): string[] {
  const spec = specOf(kind, max);
  const scheduler = schedulerOf(spec);
  const fields = scheduler.check(spec).map(({ field }) => field);
  assert.deepEqual(
    scheduler.check(scheduler.withDefaults(spec)).map(({ field }) => field),
    fields,
  );
  return fields;
}

test('what is wrong is named by its field', () => {
  for (const eta of [1.99, -3, NaN, Infinity, 1]) {
    assert.deepEqual(wrong({ $case: 'asha', value: { eta, bracket: 0 } }), ['scheduler.asha.eta'], `${eta}`);
    const hyperband = wrong({ $case: 'hyperband', value: { eta, rounding: 0, rounds: -1 } });
    assert.deepEqual(hyperband, ['scheduler.hyperband.eta', 'scheduler.hyperband.rounds']);
    const halving = wrong({ $case: 'successiveHalving', value: { eta, bracket: 0, trials: 1 } });
    assert.deepEqual(halving, ['scheduler.successive_halving.eta']);
    assert.deepEqual(wrong({ $case: 'asyncHyperband', value: { eta, brackets: 1, stopping: false } }), [
      'scheduler.async_hyperband.eta',
    ]);
  }
  for (const bracket of [-1, 5]) {
    assert.deepEqual(wrong({ $case: 'asha', value: { eta: 3, bracket } }), ['scheduler.asha.bracket']);
    const stopping = wrong({ $case: 'ashaStopping', value: { eta: 3, bracket, minSamples: -1 } });
    assert.deepEqual(stopping, ['scheduler.asha_stopping.bracket', 'scheduler.asha_stopping.min_samples']);
    const halving = wrong({ $case: 'successiveHalving', value: { eta: 3, bracket, trials: 0, rounds: -1 } });
    assert.deepEqual(halving, [
      'scheduler.successive_halving.bracket',
      'scheduler.successive_halving.rounds',
    ]);
  }
  for (const brackets of [-1, 6]) {
    const fields = wrong({ $case: 'asyncHyperband', value: { eta: 3, brackets, stopping: false } });
    assert.deepEqual(fields, ['scheduler.async_hyperband.brackets']);
  }
  assert.deepEqual(wrong({ $case: 'successiveHalving', value: { eta: 3, bracket: 1, trials: 26 } }), [
    'scheduler.successive_halving.trials',
  ]);
  assert.deepEqual(wrong({ $case: 'successiveHalving', value: { eta: 3, bracket: 1, trials: 27 } }), []);
  assert.deepEqual(
    wrong({ $case: 'hyperband', value: { eta: 3, rounding: HyperbandRounding.UNRECOGNIZED } }),
    ['scheduler.hyperband.rounding'],
  );
});

test('whoever compares trials by resource says that it needs one', () => {
  const spec = specOf(undefined, undefined);
  for (const kind of schedulers) {
    const fields = kind.check(spec).map(({ field }) => field);
    assert.deepEqual(fields, kind.needsResource ? ['resource'] : [], kind.name);
    // The defaults of a spec that is wrong are filled in as far as they can be.
    kind.withDefaults(spec);
  }
});
