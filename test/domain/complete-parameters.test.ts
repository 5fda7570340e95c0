import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { completeParameters } from '../../server/domain/complete-parameters.js';
import { checkParameters, compileSpace } from '../../server/domain/space.js';
import { ParameterScale } from '../../server/domain/spec.js';
import { asString, categorical, child, discrete, double } from './parameter-specs.js';
import { spaceArbitrary } from './space-arbitrary.js';

test('sorts listed numbers and shows the scale, at every depth', () => {
  const specs = [
    categorical('c', ['b', 'a'], { children: [child([asString('a')], discrete('d', [2, -0, 1]))] }),
    double('x', 1, 2, { scale: ParameterScale.LOG }),
  ];
  const linear = { scale: ParameterScale.LINEAR };
  assert.deepEqual(completeParameters(specs), [
    categorical('c', ['b', 'a'], { children: [child([asString('a')], discrete('d', [0, 1, 2], linear))] }),
    specs[1],
  ]);
});

test('the space stays the same, and completing twice changes nothing', () => {
  fc.assert(
    fc.property(
      spaceArbitrary(),
      fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { minLength: 1 }),
      (specs, some) => {
        const complete = completeParameters(specs);
        assert.deepEqual(checkParameters(complete, 'parameters'), []);
        assert.deepEqual(completeParameters(complete), complete);
        const [before, after] = [compileSpace(specs), compileSpace(complete)];
        const coordinates = before.dimensions.map((_, index) => some[index % some.length]!);
        assert.deepEqual(
          after.toParameters(after.prune(coordinates)),
          before.toParameters(before.prune(coordinates)),
        );
      },
    ),
  );
});
