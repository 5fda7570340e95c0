import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { owenScramble, sobolDigits } from '../../../server/policy/samplers/sobol-sequence.js';

const dimensions = [0, 1, 2, 3, 7, 9, 99, 499, 999];

/** Points of scipy 1.17.1's qmc.Sobol(d=1000, scramble=False, bits=32), times 2^32, at `dimensions`. */
const known: [number, number[]][] = [
  [0, [0, 0, 0, 0, 0, 0, 0, 0, 0]],
  [
    1,
    [
      2147483648, 2147483648, 2147483648, 2147483648, 2147483648, 2147483648, 2147483648, 2147483648,
      2147483648,
    ],
  ],
  [
    2,
    [
      3221225472, 1073741824, 1073741824, 1073741824, 3221225472, 3221225472, 3221225472, 1073741824,
      3221225472,
    ],
  ],
  [
    3,
    [
      1073741824, 3221225472, 3221225472, 3221225472, 1073741824, 1073741824, 1073741824, 3221225472,
      1073741824,
    ],
  ],
  [
    7,
    [
      536870912, 2684354560, 1610612736, 536870912, 2684354560, 3758096384, 2684354560, 1610612736,
      1610612736,
    ],
  ],
  [
    15,
    [
      268435456, 4026531840, 2415919104, 1342177280, 1342177280, 2952790016, 1342177280, 268435456,
      2415919104,
    ],
  ],
  [
    1000,
    [943718400, 415236096, 2227175424, 2906652672, 3862953984, 297795584, 801112064, 1094713344, 859832320],
  ],
  [
    65535,
    [65536, 4294901760, 2421489664, 3271884800, 3125346304, 703922176, 2030501888, 1734541312, 2786656256],
  ],
  [
    123456,
    [
      113803264, 784891904, 1319665664, 1934065664, 1993113600, 1069711360, 3976167424, 3946348544,
      4125851648,
    ],
  ],
  [
    1000003,
    [1187450880, 2413424640, 334991360, 1796354048, 1145868288, 18903040, 213045248, 3871584256, 170749952],
  ],
];

describe('points that others have computed', () => {
  for (const [index, digits] of known)
    test(`point ${index}`, () =>
      assert.deepEqual(
        dimensions.map((dimension) => sobolDigits(index, dimension)),
        digits,
      ));

  test('all 1,000 dimensions, folded to a number each', () => {
    // From the same program. Point 21845 takes in the first 15 direction numbers of each dimension.
    const folded = [21845, 12345, 54321].map((index) => {
      let fold = 0;
      for (let dimension = 0; dimension < 1000; dimension++)
        fold = (Math.imul(fold, 31) + (sobolDigits(index, dimension) >>> 12)) >>> 0;
      return fold;
    });
    assert.deepEqual(folded, [2919908160, 2704981120, 3496905952]);
  });
});

describe('strata', () => {
  /** Whether the first 2^bits points have one each in 2^bits equal intervals. */
  function stratified(values: number[], bits: number): boolean {
    return new Set(values.map((value) => value >>> (32 - bits))).size === 2 ** bits;
  }

  test('each dimension, scrambled or not, has one point in each of 2^k intervals', () => {
    fc.assert(
      fc.property(
        fc.nat(999),
        fc.nat(10),
        fc.nat(1000),
        fc.nat(2 ** 32 - 1),
        (dimension, bits, block, seed) => {
          const digits = Array.from({ length: 2 ** bits }, (_, index) =>
            sobolDigits(block * 2 ** bits + index, dimension),
          );
          assert.ok(stratified(digits, bits));
          assert.ok(
            stratified(
              digits.map((own) => owenScramble(own, seed)),
              bits,
            ),
          );
        },
      ),
    );
  });

  test('the first two dimensions are a (0, 2)-sequence, scrambled too', () => {
    for (const scramble of [(x: number) => x, (x: number, dimension = 0) => owenScramble(x, 77 + dimension)])
      for (let bits = 0; bits <= 8; bits++)
        for (let first = 0; first <= bits; first++) {
          const boxes = Array.from({ length: 2 ** bits }, (_, index) => {
            const [x, y] = [scramble(sobolDigits(index, 0), 0), scramble(sobolDigits(index, 1), 1)];
            return (
              Math.floor(x / 2 ** (32 - first)) * 2 ** (bits - first) +
              Math.floor(y / 2 ** (32 - bits + first))
            );
          });
          assert.equal(new Set(boxes).size, 2 ** bits);
        }
  });
});

describe('scrambling', () => {
  test('is a permutation under which a digit depends on the higher ones alone', () => {
    const word = fc.nat(2 ** 32 - 1);
    fc.assert(
      fc.property(word, word, word, fc.integer({ min: 1, max: 31 }), (a, b, seed, bits) => {
        const [x, y] = [owenScramble(a, seed), owenScramble(b, seed)];
        assert.ok(Number.isInteger(x) && x >= 0 && x < 2 ** 32);
        assert.equal(x === y, a === b);
        assert.equal(x >>> (32 - bits) === y >>> (32 - bits), a >>> (32 - bits) === b >>> (32 - bits));
      }),
      { numRuns: 1000 },
    );
  });

  test('flips the first digit for about half of the seeds', () => {
    const flips = Array.from(
      { length: 2000 },
      (_, seed) => owenScramble(0, Math.imul(seed, 0x9e3779b9) >>> 0) >>> 31,
    );
    const share = flips.reduce((sum, flip) => sum + flip, 0) / flips.length;
    assert.ok(Math.abs(share - 0.5) < 0.05, `${share}`);
  });
});
