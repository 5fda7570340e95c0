import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { permutation, randomWord, uniform } from '../../server/domain/random.js';
import { ksDistance } from './statistics.js';

const seed = fc.maxSafeInteger();

describe('uniform', () => {
  test('is a multiple of 2^-53 in [0, 1), and a function of its arguments', () => {
    fc.assert(
      fc.property(seed, fc.nat(Number.MAX_SAFE_INTEGER), fc.string(), fc.nat(2 ** 32 - 1), (...at) => {
        const u = uniform(...at);
        assert.ok(u >= 0 && u < 1);
        assert.ok(Number.isInteger(u * 2 ** 53));
        assert.equal(uniform(...at), u);
      }),
    );
  });

  test('differs where seed, draw, path or stream differs, in their upper halves too', () => {
    const variants = [
      uniform(1, 1, 'a'),
      uniform(-1, 1, 'a'),
      uniform(1 + 2 ** 40, 1, 'a'),
      uniform(1, 2, 'a'),
      uniform(1, 1 + 2 ** 40, 'a'),
      uniform(1, 1, 'b'),
      uniform(1, 1, 'a', 1),
      uniform(1, 1, 'a', 2 ** 31),
    ];
    assert.equal(new Set(variants).size, variants.length);
  });

  test('is even over draws, paths, seeds and streams', () => {
    const count = 4000;
    const along: Record<string, (index: number) => number> = {
      draws: (index) => uniform(42, index, 'lr'),
      paths: (index) => uniform(42, 0, `layer${index}`),
      seeds: (index) => uniform(index - count / 2, 0, 'lr'),
      streams: (index) => uniform(42, 0, 'lr', index),
    };
    for (const [what, at] of Object.entries(along)) {
      const distance = ksDistance(
        Array.from({ length: count }, (_, index) => at(index)),
        (x) => x,
      );
      // 1.63 is the 1 % point of Kolmogorov's distribution.
      assert.ok(distance < 1.63 / Math.sqrt(count), `${what}: ${distance}`);
    }
  });

  test('two parameters are not correlated, nor two draws', () => {
    const count = 4000;
    const correlation = (a: (index: number) => number, b: (index: number) => number) => {
      let sum = 0;
      for (let index = 0; index < count; index++) sum += (a(index) - 0.5) * (b(index) - 0.5);
      return (12 * sum) / count;
    };
    const own = (index: number) => uniform(7, index, 'a');
    // Standard deviation 1 / sqrt(count).
    assert.ok(Math.abs(correlation(own, (index) => uniform(7, index, 'b'))) < 3 / Math.sqrt(count));
    assert.ok(Math.abs(correlation(own, (index) => uniform(7, index + 1, 'a'))) < 3 / Math.sqrt(count));
    assert.ok(Math.abs(correlation(own, (index) => uniform(8, index, 'a'))) < 3 / Math.sqrt(count));
  });
});

test('words are unsigned and of 32 bits', () => {
  const words = Array.from({ length: 1000 }, (_, draw) => randomWord(1, draw, 'a'));
  assert.ok(words.every((word) => Number.isInteger(word) && word >= 0 && word < 2 ** 32));
  assert.ok(words.some((word) => word >= 2 ** 31));
});

describe('permutation', () => {
  test('takes every place once', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 300 }), seed, (size, key) => {
        const at = permutation(size, key);
        const places = Array.from({ length: size }, (_, index) => at(index));
        assert.deepEqual(
          places.toSorted((a, b) => a - b),
          Array.from({ length: size }, (_, index) => index),
        );
      }),
    );
  });

  test('stays in range and apart at sizes up to 2^53 − 1', () => {
    const wide = fc.oneof(
      fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER }),
      fc.constant(Number.MAX_SAFE_INTEGER),
    );
    fc.assert(
      fc.property(wide, seed, (size, key) => {
        const at = permutation(size, key);
        const indexes = new Set([0, size - 1, Math.floor(size / 2), Math.floor(size / 3)]);
        const places = [...indexes].map(at);
        assert.ok(places.every((place) => Number.isSafeInteger(place) && place >= 0 && place < size));
        assert.equal(new Set(places).size, indexes.size);
      }),
    );
  });

  test('every order of four comes about equally often', () => {
    const counts = new Map<string, number>();
    const seeds = 4800;
    for (let key = 0; key < seeds; key++) {
      const at = permutation(4, key);
      const order = [0, 1, 2, 3].map(at).join('');
      counts.set(order, (counts.get(order) ?? 0) + 1);
    }
    assert.equal(counts.size, 24);
    const expected = seeds / 24;
    const chiSquared = [...counts.values()].reduce(
      (sum, count) => sum + (count - expected) ** 2 / expected,
      0,
    );
    // The 0.1 % point with 23 degrees of freedom.
    assert.ok(chiSquared < 49.7, `${chiSquared}`);
  });

  test('differs by seed and size, and repeats with both', () => {
    const first = (size: number, key: number) =>
      Array.from({ length: 20 }, (_, index) => permutation(size, key)(index));
    assert.deepEqual(first(1000, 5), first(1000, 5));
    assert.notDeepEqual(first(1000, 5), first(1000, 6));
    assert.notDeepEqual(first(1000, 5), first(1001, 5));
  });

  test('refuses what is no place and no size', () => {
    assert.throws(() => permutation(0, 1), RangeError);
    assert.throws(() => permutation(2 ** 53, 1), RangeError);
    for (const index of [-1, 10, 1.5, NaN]) assert.throws(() => permutation(10, 1)(index), RangeError);
  });
});
