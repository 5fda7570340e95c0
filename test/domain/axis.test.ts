import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { axisOf, type Axis } from '../../server/domain/axis.js';
import { ParameterScale } from '../../server/domain/spec.js';
import {
  asDouble,
  asInteger,
  asString,
  categorical,
  discrete,
  double,
  integer,
  undefinedDomain,
} from './parameter-specs.js';

const { LOG, REVERSE_LOG } = ParameterScale;
const maxSafe = Number.MAX_SAFE_INTEGER;

function valueAt(axis: Axis, coordinate: number): number | string {
  return axis.toValue(coordinate).kind!.value;
}

function placeOf(axis: Axis, value: Parameters<Axis['place']>[0]) {
  const place = axis.place(value);
  assert.ok('coordinate' in place);
  return place;
}

describe('integers', () => {
  test('both ends have a full share', () => {
    const axis = axisOf(integer('n', 1, 4));
    assert.deepEqual(
      [0, 0.2499, 0.25, 0.7499, 0.75, 1].map((u) => valueAt(axis, u)),
      [1, 1, 2, 3, 4, 4],
    );
    assert.equal(axis.size, 4);
    assert.deepEqual(placeOf(axis, asInteger(3)), { ordinal: 2, coordinate: 0.625 });
  });

  test('a constant is one value', () => {
    const axis = axisOf(integer('n', 7, 7));
    assert.equal(axis.size, 1);
    for (const u of [0, 0.5, 1]) assert.equal(valueAt(axis, u), 7);
    assert.equal(placeOf(axis, asInteger(7)).coordinate, 0.5);
  });

  test('2^53 values are told apart', () => {
    const axis = axisOf(integer('n', 0, maxSafe));
    assert.equal(axis.exact, true);
    const value = fc.oneof(
      fc.integer({ min: 0, max: maxSafe }),
      fc.constantFrom(0, 1, maxSafe - 1, maxSafe, 2 ** 52, 2 ** 52 + 1),
    );
    fc.assert(
      fc.property(value, (n) => assert.equal(valueAt(axis, placeOf(axis, asInteger(n)).coordinate), n)),
      { numRuns: 1000 },
    );
  });

  test('a range of more values than doubles stays inside it, in whole numbers', () => {
    const wide = [
      axisOf(integer('n', -maxSafe, maxSafe)),
      axisOf(integer('n', 1, maxSafe, { scale: LOG })),
      axisOf(integer('n', 1, maxSafe, { scale: REVERSE_LOG })),
    ];
    for (const axis of wide) {
      assert.equal(axis.exact, false);
      assert.equal(valueAt(axis, 1), maxSafe);
      fc.assert(
        fc.property(fc.double({ min: 0, max: 1, noNaN: true }), (u) =>
          assert.ok(Number.isSafeInteger(valueAt(axis, u))),
        ),
      );
    }
    assert.equal(valueAt(wide[0]!, 0), -maxSafe);
    assert.equal(valueAt(wide[1]!, 0), 1);
    assert.equal(valueAt(wide[2]!, 0), 1);
    const nearby = valueAt(wide[0]!, placeOf(wide[0]!, asInteger(maxSafe - 1)).coordinate);
    assert.ok(Math.abs((nearby as number) - (maxSafe - 1)) <= 2);
  });

  test('log and its mirror image', () => {
    const log = axisOf(integer('n', 1, 1000, { scale: LOG }));
    const reverse = axisOf(integer('n', 1, 1000, { scale: REVERSE_LOG }));
    assert.equal(valueAt(log, 0.5), Math.floor(Math.sqrt(0.5 * 1000.5) + 0.5));
    for (const u of [0.01, 0.3, 0.5, 0.8, 0.99])
      assert.equal(valueAt(reverse, u), 1001 - (valueAt(log, 1 - u) as number));
  });
});

describe('discrete numbers', () => {
  test('are drawn evenly by place, in rising order', () => {
    const axis = axisOf(discrete('d', [100, -1, 5]));
    assert.deepEqual(
      [0, 0.34, 0.67, 1].map((u) => valueAt(axis, u)),
      [-1, 5, 100, 100],
    );
  });

  test('have shares by distance on a logarithmic scale', () => {
    const axis = axisOf(discrete('d', [1, 10, 1000], { scale: LOG }));
    // Cells end half way between the logarithms 0, 1 and 3, and as far outside.
    assert.ok(Math.abs(placeOf(axis, asDouble(1)).coordinate - 0.5 / 4.5) < 1e-12);
    assert.equal(valueAt(axis, 0.9999 / 4.5), 1);
    assert.equal(valueAt(axis, 1.0001 / 4.5), 10);
    assert.equal(valueAt(axis, 2.4999 / 4.5), 10);
    assert.equal(valueAt(axis, 2.5001 / 4.5), 1000);
  });

  test('are told apart however close', () => {
    const values = [1, 1 + 2 ** -52, 1e300, 1e300 * (1 + 2 ** -52)];
    for (const scale of [ParameterScale.LINEAR, LOG, REVERSE_LOG]) {
      const axis = axisOf(discrete('d', values, { scale }));
      for (const value of values)
        assert.equal(valueAt(axis, placeOf(axis, asDouble(value)).coordinate), value);
    }
  });

  test('0 and −0 are one number', () => {
    const axis = axisOf(discrete('d', [-0, 1]));
    assert.ok(Object.is(valueAt(axis, placeOf(axis, asDouble(-0)).coordinate), 0));
    assert.deepEqual(placeOf(axis, asDouble(0)), placeOf(axis, asDouble(-0)));
  });
});

describe('doubles', () => {
  test('have no ordinals unless constant', () => {
    const axis = axisOf(double('x', 0, 2));
    assert.equal(axis.size, Infinity);
    assert.ok(Number.isNaN(axis.ordinal(0.5)) && Number.isNaN(axis.coordinate(0)));
    assert.ok(Number.isNaN(placeOf(axis, asDouble(1)).ordinal));
    const constant = axisOf(double('x', 3, 3, { scale: LOG }));
    assert.equal(constant.size, 1);
    assert.equal(valueAt(constant, 0.1), 3);
    assert.deepEqual(placeOf(constant, asDouble(3)), { coordinate: 0.5, ordinal: 0 });
    assert.deepEqual([constant.ordinal(0.9), constant.coordinate(0)], [0, 0.5]);
  });

  test('the least range there is', () => {
    const axis = axisOf(double('x', 0, Number.MIN_VALUE));
    assert.equal(valueAt(axis, 0), 0);
    assert.equal(valueAt(axis, 1), Number.MIN_VALUE);
    assert.equal(placeOf(axis, asDouble(Number.MIN_VALUE)).coordinate, 1);
  });
});

test('categories stand in the order of the spec', () => {
  const axis = axisOf(categorical('c', ['z', 'a']));
  assert.deepEqual(
    [0, 0.49, 0.5, 1].map((u) => valueAt(axis, u)),
    ['z', 'z', 'a', 'a'],
  );
  assert.deepEqual(axis.place(asString('q')), { refusal: 'is not one of the 2 listed values' });
});

test('a parameter without values has no axis', () => {
  assert.throws(() => axisOf(undefinedDomain('x')), /"x" has no domain/);
});
