import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { median, percentile, spreadOf } from './statistics.js';

const values = fc.array(fc.double({ noNaN: true, min: -1e9, max: 1e9 }), { minLength: 1, maxLength: 300 });

describe('median', () => {
  it('is the middle of an odd number of values, whatever their order', () => {
    assert.equal(median([9, 1, 100]), 9);
    assert.equal(median([7]), 7);
  });

  it('is halfway between the two in the middle of an even number', () => {
    assert.equal(median([4, 1, 3, 2]), 2.5);
  });

  it('sorts as numbers do, not as texts', () => {
    assert.equal(median([10, 9, 1]), 9);
  });

  it('leaves what it is given as it was', () => {
    const given = [3, 1, 2];
    median(given);
    assert.deepEqual(given, [3, 1, 2]);
  });

  it('is refused of nothing', () => {
    assert.throws(() => median([]), RangeError);
  });
});

describe('percentile', () => {
  const hundred = Array.from({ length: 100 }, (_, i) => 100 - i);

  it('is the nearest rank', () => {
    assert.equal(percentile(hundred, 99), 99);
    assert.equal(percentile(hundred, 50), 50);
    assert.equal(percentile(hundred, 100), 100);
    assert.equal(percentile([5], 1), 5);
    assert.equal(percentile([1, 2, 3, 4], 99), 4);
  });

  it('takes typed arrays', () => {
    assert.equal(percentile(Float64Array.of(10, 9, 1), 50), 9);
  });

  it('is the least value that so many percent do not exceed', () => {
    fc.assert(
      fc.property(values, fc.integer({ min: 1, max: 100 }), (all, percent) => {
        const found = percentile(all, percent);
        const needed = (percent / 100) * all.length;
        assert.ok(all.includes(found));
        assert.ok(all.filter((value) => value <= found).length >= needed);
        assert.ok(all.filter((value) => value < found).length < needed);
      }),
    );
  });

  it('is refused of nothing, and beyond 0 to 100', () => {
    assert.throws(() => percentile([], 50), RangeError);
    assert.throws(() => percentile([1], 0), RangeError);
    assert.throws(() => percentile([1], 101), RangeError);
  });
});

describe('spreadOf', () => {
  it('has the median between the least and the greatest', () => {
    assert.deepEqual(spreadOf([3, 1, 8]), { median: 3, low: 1, high: 8 });
    fc.assert(
      fc.property(values, (all) => {
        const { low, median: middle, high } = spreadOf(all);
        assert.ok(low <= middle && middle <= high);
      }),
    );
  });
});
