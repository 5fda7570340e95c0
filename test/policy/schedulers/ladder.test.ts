import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { HyperbandRounding } from '../../../server/domain/spec.js';
import { hyperbandSizes } from '../../../server/policy/schedulers/hyperband-sizes.js';
import { deepest, ladderOf, topOf } from '../../../server/policy/schedulers/ladder.js';
import { exactLadder, exactSizes, exactTop } from './oracles/exact.js';

const resource = (max: number, min = 1) => ({ name: '', min, max });

test('s_max is exact where logarithms are not', () => {
  const vectors: [max: number, eta: number, sMax: number][] = [
    [243, 3, 5],
    [1000, 10, 3],
    [125, 5, 3],
    [729, 3, 6],
    [2 ** 29, 2, 29],
    [100, 3, 4],
    [80, 3, 3],
    [1, 3, 0],
    [2, 3, 0],
    [Number.MAX_SAFE_INTEGER, 2, 52],
  ];
  for (const [max, eta, sMax] of vectors) assert.equal(deepest(resource(max), eta), sMax, `${max}, ${eta}`);
});

test('the last rung is always the maximum, the others are rounded down', () => {
  assert.deepEqual(ladderOf(resource(9), 3), [1, 3, 9]);
  assert.deepEqual(ladderOf(resource(100), 3), [1, 3, 11, 33, 100]);
  assert.deepEqual(ladderOf(resource(1000, 10), 10), [10, 100, 1000]);
  assert.deepEqual(ladderOf(resource(8), 2), [1, 2, 4, 8]);
  assert.deepEqual(ladderOf(resource(7, 7), 3), [7]);
  assert.deepEqual(ladderOf(resource(2, 0), 3), [2]);
});

test('a fractional eta loses no rung and no step to rounding', () => {
  // 100 · 2.2² = 484, which is 484.00000000000006 in floating point.
  assert.deepEqual(ladderOf(resource(484, 100), 2.2), [100, 220, 484]);
  assert.deepEqual(ladderOf(resource(25, 4), 2.5), [4, 10, 25]);
});

test('equal rungs are merged', () => {
  assert.deepEqual(ladderOf(resource(4), 1.3), [1, 2, 3, 4]);
});

test('ladders, quotas and sizes are those of exact arithmetic', () => {
  const eta = fc.record({
    over: fc.bigInt({ min: 20n, max: 60n }),
    under: fc.bigInt({ min: 1n, max: 10n }),
  });
  fc.assert(
    fc.property(
      eta,
      fc.integer({ min: 1, max: 50 }),
      fc.integer({ min: 0, max: 1e6 }),
      (fraction, min, more) => {
        const value = Number(fraction.over) / Number(fraction.under);
        const ladder = exactLadder(min, min + more, fraction);
        assert.deepEqual(ladderOf(resource(min + more, min), value), ladder);
        assert.equal(topOf(more, value), exactTop(more, fraction));
        for (const rounding of [HyperbandRounding.ALGORITHM_1, HyperbandRounding.TABLE_1]) {
          const sizes = exactSizes(ladder.length, fraction, rounding === HyperbandRounding.TABLE_1);
          assert.deepEqual(hyperbandSizes(ladder.length - 1, value, rounding), sizes);
        }
      },
    ),
  );
});

test('the sizes of Hyperband’s brackets, in both of the paper’s roundings', () => {
  const vectors: [max: number, eta: number, algorithm1: number[], table1: number[]][] = [
    [9, 3, [9, 5, 3], [9, 3, 3]],
    [16, 4, [16, 6, 3], [16, 4, 3]],
    [27, 3, [27, 12, 6, 4], [27, 9, 6, 4]],
    [64, 4, [64, 22, 8, 4], [64, 16, 8, 4]],
    [81, 3, [81, 34, 15, 8, 5], [81, 27, 9, 6, 5]],
    [100, 3, [81, 34, 15, 8, 5], [81, 27, 9, 6, 5]],
    [256, 4, [256, 80, 27, 10, 5], [256, 64, 16, 8, 5]],
  ];
  for (const [max, eta, algorithm1, table1] of vectors) {
    const sMax = deepest(resource(max), eta);
    assert.deepEqual(hyperbandSizes(sMax, eta, HyperbandRounding.ALGORITHM_1), algorithm1, `${max}`);
    assert.deepEqual(hyperbandSizes(sMax, eta, HyperbandRounding.TABLE_1), table1, `${max}, table`);
  }
});
