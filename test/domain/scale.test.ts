import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { scaleOver } from '../../server/domain/scale.js';
import { ParameterScale } from '../../server/domain/spec.js';

const { LINEAR, LOG, REVERSE_LOG, UNSPECIFIED } = ParameterScale;
const scales = [UNSPECIFIED, LINEAR, LOG, REVERSE_LOG];

function close(found: number, expected: number): void {
  assert.ok(
    Math.abs(found - expected) <= 1e-14 * Math.max(1, Math.abs(expected)),
    `${found}, not ${expected}`,
  );
}

/** A scale with its bounds, from denormals to the largest doubles. */
const anyScale = fc.constantFrom(...scales).chain((scale) => {
  const min = scale === LOG || scale === REVERSE_LOG ? Number.MIN_VALUE : -Number.MAX_VALUE;
  const bound = fc.oneof(
    fc.double({ min, max: Number.MAX_VALUE, noNaN: true }),
    fc.constantFrom(min, Number.MAX_VALUE, Number.MIN_VALUE),
  );
  return fc
    .tuple(fc.constant(scale), bound, bound)
    .filter(([, a, b]) => a !== b)
    .map(([, a, b]) => ({ scale, min: Math.min(a, b), max: Math.max(a, b) }));
});

const unit = fc.oneof(
  fc.double({ min: 0, max: 1, noNaN: true }),
  fc.constantFrom(0, 1, Number.MIN_VALUE, 2 ** -53, 1 - 2 ** -53),
);

describe('any scale', () => {
  test('stays inside, and ends map to ends exactly', () => {
    fc.assert(
      fc.property(anyScale, unit, ({ scale, min, max }, u) => {
        const { fromUnit, toUnit } = scaleOver(scale, min, max);
        assert.equal(fromUnit(0), min);
        assert.equal(fromUnit(1), max);
        assert.equal(toUnit(min), 0);
        assert.equal(toUnit(max), 1);
        const x = fromUnit(u);
        assert.ok(x >= min && x <= max);
        assert.ok(toUnit(x) >= 0 && toUnit(x) <= 1);
      }),
      { numRuns: 1000 },
    );
  });

  test('gives numbers back to within rounding', () => {
    fc.assert(
      fc.property(anyScale, fc.double({ min: 0, max: 1, noNaN: true }), ({ scale, min, max }, t) => {
        const { fromUnit, toUnit } = scaleOver(scale, min, max);
        const x = min * (1 - t) + max * t;
        if (!(x >= min && x <= max)) return;
        const tolerance = scale === LOG ? 2 ** -40 * x : 2 ** -40 * Math.max(Math.abs(min), Math.abs(max));
        assert.ok(Math.abs(fromUnit(toUnit(x)) / 2 - x / 2) <= Math.max(tolerance, Number.MIN_VALUE));
      }),
      { numRuns: 1000 },
    );
  });
});

test('linear: even in the number; not set means linear', () => {
  for (const scale of [LINEAR, UNSPECIFIED]) {
    close(scaleOver(scale, -2, 6).fromUnit(0.25), 0);
    close(scaleOver(scale, -2, 6).toUnit(4), 0.75);
  }
});

test('log: even in the logarithm', () => {
  const { fromUnit, toUnit } = scaleOver(LOG, 1e-4, 1);
  close(fromUnit(0.5), 1e-2);
  close(fromUnit(0.25), 1e-3);
  close(toUnit(1e-1), 0.75);
});

test('reverse log: the mirror image', () => {
  const { fromUnit, toUnit } = scaleOver(REVERSE_LOG, 1, 100);
  close(fromUnit(0.5), 91);
  close(toUnit(91), 0.5);
  const log = scaleOver(LOG, 1, 100);
  for (const u of [0.1, 0.3, 0.77]) close(fromUnit(u), 101 - log.fromUnit(1 - u));
});

test('a narrow logarithmic range keeps its digits', () => {
  const { fromUnit, toUnit } = scaleOver(LOG, 1e9, 1e9 + 1);
  for (const tenth of [1, 3, 5, 7, 9]) {
    const x = 1e9 + tenth / 10;
    // Two units in the last place.
    assert.ok(Math.abs(fromUnit(toUnit(x)) - x) <= 2 ** -22, `${fromUnit(toUnit(x))}, not ${x}`);
  }
});

test('a range over all doubles does not overflow', () => {
  assert.equal(scaleOver(LINEAR, -Number.MAX_VALUE, Number.MAX_VALUE).fromUnit(0.5), 0);
  close(scaleOver(LINEAR, -Number.MAX_VALUE, Number.MAX_VALUE).toUnit(0), 0.5);
  const half = scaleOver(LOG, Number.MIN_VALUE, Number.MAX_VALUE).fromUnit(0.5);
  assert.ok(half > 1e-9 && half < 1e-7);
});
