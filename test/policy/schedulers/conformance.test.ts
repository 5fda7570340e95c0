import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { HyperbandRounding, type SchedulerSpec, type StudySpec } from '../../../server/domain/spec.js';
import { schedulers } from '../../../server/policy/schedulers/index.js';
import { conforms } from './conformance.js';
import { specOf } from './spec.js';

const max = fc.integer({ min: 1, max: 60 });
const conforming: string[] = [];

/** Studies with any ladder, and settings that fit it. */
function studies(settings: fc.Arbitrary<SchedulerSpec['kind']>): fc.Arbitrary<StudySpec> {
  return fc.tuple(settings, max).map(([kind, most]) => specOf(kind, most));
}

function each(name: string, leavesPaused: boolean, of: (eta: number) => fc.Arbitrary<StudySpec>): void {
  conforming.push(name);
  for (const eta of [2, 3, 2.5])
    conforms({ name: `${name}, eta ${eta}`, studies: of(eta), eta, leavesPaused });
}

each('single', false, () => {
  return fc.option(max, { nil: undefined }).map((most) => specOf({ $case: 'single', value: {} }, most));
});
each('successive_halving', false, (eta) =>
  studies(
    fc.record({ rounds: fc.nat({ max: 2 }) }).map(({ rounds }) => {
      return { $case: 'successiveHalving', value: { eta, bracket: 0, trials: 0, rounds } };
    }),
  ),
);
each('hyperband', false, (eta) =>
  studies(
    fc
      .record({
        rounding: fc.constantFrom(HyperbandRounding.ALGORITHM_1, HyperbandRounding.TABLE_1),
        rounds: fc.nat({ max: 2 }),
      })
      .map(({ rounding, rounds }) => ({ $case: 'hyperband', value: { eta, rounding, rounds } })),
  ),
);
each('asha', true, (eta) => studies(fc.constant({ $case: 'asha', value: { eta, bracket: 0 } })));
each('asha_stopping', false, (eta) =>
  studies(
    fc
      .nat({ max: 3 })
      .map((minSamples) => ({ $case: 'ashaStopping', value: { eta, bracket: 0, minSamples } })),
  ),
);
each('async_hyperband', true, (eta) =>
  studies(
    fc.boolean().map((stopping) => ({ $case: 'asyncHyperband', value: { eta, brackets: 0, stopping } })),
  ),
);

test('every scheduler is held to this', () => {
  assert.deepEqual(conforming.sort(), schedulers.map(({ name }) => name).sort());
});
