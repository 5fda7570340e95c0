import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Fenwick } from '../../../server/policy/schedulers/fenwick.js';

test('prefix sums and the first count that is not 0 are those of the plain list', () => {
  const counts = fc.array(fc.nat({ max: 3 }), { maxLength: 70 });
  fc.assert(
    fc.property(
      counts,
      counts,
      fc.array(fc.tuple(fc.nat(), fc.nat({ max: 2 }))),
      (before, start, additions) => {
        const fenwick = new Fenwick();
        const plain = [...start];
        fenwick.rebuild(before);
        fenwick.rebuild(plain);
        for (const [at, more] of additions) {
          if (plain.length === 0) break;
          plain[at % plain.length]! += more;
          fenwick.add(at % plain.length, more);
        }
        for (let place = 0; place <= plain.length; place++) {
          const sum = plain.slice(0, place).reduce((total, count) => total + count, 0);
          assert.equal(fenwick.before(place), sum);
        }
        const first = plain.findIndex((count) => count > 0);
        assert.equal(fenwick.first(), first < 0 ? undefined : first);
      },
    ),
  );
});
