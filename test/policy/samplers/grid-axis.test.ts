import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { compileSpace } from '../../../server/domain/space.js';
import { ParameterScale, type ParameterSpec } from '../../../server/domain/spec.js';
import { checkGridAxis, gridAxis } from '../../../server/policy/samplers/grid-axis.js';
import { categorical, discrete, double, integer } from '../../domain/parameter-specs.js';

const { LINEAR, LOG, REVERSE_LOG } = ParameterScale;
const maxSafe = Number.MAX_SAFE_INTEGER;

function dimensionOf(spec: ParameterSpec) {
  return compileSpace([spec]).dimensions[0]!;
}

/** The values of a grid along one parameter; some, where there are many. */
function stops(spec: ParameterSpec, indexes?: readonly number[]): (number | string)[] {
  const dimension = dimensionOf(spec);
  assert.deepEqual(checkGridAxis(dimension), []);
  const axis = gridAxis(dimension);
  return (indexes ?? Array.from({ length: axis.count }, (_, index) => index)).map(
    (index) => dimension.axis.toValue(axis.coordinate(index)).kind!.value,
  );
}

function refused(spec: ParameterSpec): string[] {
  return checkGridAxis(dimensionOf(spec)).map(({ field }) => field);
}

describe('doubles', () => {
  test('even stops, both ends included', () => {
    assert.deepEqual(stops(double('x', -1, 1, { gridPoints: 5 })), [-1, -0.5, 0, 0.5, 1]);
    assert.deepEqual(stops(double('x', -1, 1, { gridPoints: 2 })), [-1, 1]);
  });

  test('even in the exponent on a logarithmic scale', () => {
    const log = stops(double('x', 1e-4, 1, { gridPoints: 5, scale: LOG })) as number[];
    [1e-4, 1e-3, 1e-2, 1e-1, 1].forEach((stop, index) => assert.ok(Math.abs(log[index]! / stop - 1) < 1e-12));
    assert.equal(log[0], 1e-4);
    assert.equal(log[4], 1);
  });

  test('one stop is the middle of the scale', () => {
    assert.deepEqual(stops(double('x', 2, 4, { gridPoints: 1 })), [3]);
    const [middle] = stops(double('x', 1e-4, 1, { gridPoints: 1, scale: LOG })) as [number];
    assert.ok(Math.abs(middle / 1e-2 - 1) < 1e-12);
  });

  test('a constant is one stop, however many are asked for', () => {
    assert.deepEqual(stops(double('x', 3, 3)), [3]);
    assert.deepEqual(stops(double('x', 3, 3, { gridPoints: 9 })), [3]);
  });

  test('without a number of stops, or with more than the range holds, refused', () => {
    assert.deepEqual(refused(double('x', 0, 1)), ['parameters[0].grid_points']);
    assert.deepEqual(refused(double('x', 1, 1 + 2 ** -50, { gridPoints: 9 })), ['parameters[0].grid_points']);
    assert.deepEqual(refused(double('x', 0, Number.MIN_VALUE, { gridPoints: 3 })), [
      'parameters[0].grid_points',
    ]);
    assert.deepEqual(refused(double('x', 0, 1, { gridPoints: 2 ** 31 - 1 })), []);
  });

  test('where accepted, stops rise', () => {
    const range = fc
      .tuple(
        fc.double({ min: Number.MIN_VALUE, noNaN: true, noDefaultInfinity: true }),
        fc.double({ min: Number.MIN_VALUE, noNaN: true, noDefaultInfinity: true }),
      )
      .filter(([a, b]) => a !== b);
    fc.assert(
      fc.property(
        range,
        fc.constantFrom(LINEAR, LOG, REVERSE_LOG),
        fc.integer({ min: 2, max: 200 }),
        ([a, b], scale, gridPoints) => {
          const spec = double('x', Math.min(a, b), Math.max(a, b), { scale, gridPoints });
          if (refused(spec).length > 0) return;
          const found = stops(spec) as number[];
          assert.equal(found.length, gridPoints);
          found.slice(1).forEach((stop, index) => assert.ok(stop > found[index]!));
        },
      ),
    );
  });
});

describe('whole numbers', () => {
  test('all of them where nothing else is said', () => {
    assert.deepEqual(stops(integer('n', -1, 3)), [-1, 0, 1, 2, 3]);
    assert.deepEqual(stops(integer('n', 1, 5, { scale: LOG })), [1, 2, 3, 4, 5]);
    assert.deepEqual(stops(integer('n', 4, 4)), [4]);
    assert.deepEqual(stops(integer('n', 0, maxSafe - 1), [0, 1, maxSafe - 1]), [0, 1, maxSafe - 1]);
  });

  test('the nearest to even stops, each once', () => {
    assert.deepEqual(stops(integer('n', 0, 10, { gridPoints: 5 })), [0, 3, 5, 8, 10]);
    assert.deepEqual(stops(integer('n', 0, 3, { gridPoints: 9 })), [0, 1, 2, 3]);
    assert.deepEqual(stops(integer('n', 0, 10, { gridPoints: 1 })), [5]);
    assert.deepEqual(stops(integer('n', 1, 1000, { gridPoints: 4, scale: LOG })), [1, 10, 100, 1000]);
    assert.deepEqual(
      stops(integer('n', 1, 100, { gridPoints: 9, scale: LOG })),
      [1, 2, 3, 6, 10, 18, 32, 56, 100],
    );
    assert.deepEqual(stops(integer('n', 1, 100, { gridPoints: 3, scale: REVERSE_LOG })), [1, 91, 100]);
    assert.deepEqual(stops(integer('n', 1, 20, { gridPoints: 15, scale: LOG })).slice(0, 4), [1, 2, 3, 4]);
  });

  test('long grids are not listed, and their ends are exact', () => {
    const gridPoints = 2 ** 31 - 1;
    assert.deepEqual(stops(integer('n', -maxSafe, maxSafe, { gridPoints }), [0, gridPoints - 1]), [
      -maxSafe,
      maxSafe,
    ]);
    const near = integer('n', 0, gridPoints, { gridPoints });
    const around = [0, 1, 2 ** 30 - 1, 2 ** 30, 2 ** 30 + 1, gridPoints - 2, gridPoints - 1];
    const found = stops(near, around) as number[];
    assert.equal(new Set(found).size, around.length);
    assert.equal(found[0], 0);
    assert.equal(found.at(-1), gridPoints);
  });

  test('on a logarithmic scale long ones are refused, as are values that coordinates can not tell apart', () => {
    assert.deepEqual(refused(integer('n', 1, 2 ** 40, { gridPoints: 2 ** 16 + 1, scale: LOG })), [
      'parameters[0].grid_points',
    ]);
    assert.deepEqual(refused(integer('n', 1, maxSafe, { scale: LOG })), ['parameters[0].grid_points']);
    assert.deepEqual(refused(integer('n', -maxSafe, maxSafe)), ['parameters[0].grid_points']);
    assert.deepEqual(refused(integer('n', 1, maxSafe, { gridPoints: 100, scale: LOG })), []);
  });

  test('a stop is found by its value, and no other value is', () => {
    const range = fc.tuple(fc.integer({ min: 1, max: 1000 }), fc.integer({ min: 0, max: 200 }));
    fc.assert(
      fc.property(
        range,
        fc.nat(250),
        fc.constantFrom(LINEAR, LOG, REVERSE_LOG),
        ([min, span], gridPoints, scale) => {
          const dimension = dimensionOf(integer('n', min, min + span, { gridPoints, scale }));
          const axis = gridAxis(dimension);
          const taken = Array.from({ length: axis.count }, (_, index) =>
            dimension.axis.ordinal(axis.coordinate(index)),
          );
          taken.forEach((ordinal, index) => {
            assert.equal(axis.indexOf(ordinal), index);
            if (index > 0) assert.ok(ordinal > taken[index - 1]!);
          });
          for (let ordinal = 0; ordinal <= span; ordinal++)
            assert.equal(axis.indexOf(ordinal) === undefined, !taken.includes(ordinal));
          if (gridPoints !== 1) assert.deepEqual([taken[0], taken.at(-1)], [0, span]);
          if (gridPoints > 0) assert.ok(taken.length <= gridPoints || taken.length === span + 1);
        },
      ),
    );
  });
});

test('listed numbers and names: all of them', () => {
  assert.deepEqual(stops(discrete('d', [4, 1, 2], { scale: LOG })), [1, 2, 4]);
  assert.deepEqual(stops(categorical('c', ['b', 'a'])), ['b', 'a']);
});
