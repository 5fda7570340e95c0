import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { RungResultKind, type RungResult } from '../../../server/domain/spec.js';
import { compareResults, RungRanking } from '../../../server/policy/schedulers/rung-ranking.js';

interface Entry {
  readonly result: RungResult;
  readonly trial: number;
  waits: boolean;
}

/** The same by sorting everything anew. */
class Plain {
  entries: Entry[] = [];

  get best() {
    const at = this.entries.findIndex(({ waits }) => waits);
    return at < 0 ? undefined : { trial: this.entries[at]!.trial, rank: at + 1 };
  }

  add(entry: Entry): void {
    this.entries.push(entry);
    this.entries.sort((a, b) => compareResults(a.result, b.result));
  }
}

function resultOf(kind: RungResultKind, loss: number, sequence: number): RungResult {
  return { rung: 0, kind, loss: kind === RungResultKind.VALUE ? loss : 0, sequence };
}

const operation = fc.record({
  act: fc.constantFrom('add', 'add', 'add', 'remove', 'leave'),
  kind: fc.constantFrom(RungResultKind.VALUE, RungResultKind.VALUE, RungResultKind.VALUE, RungResultKind.NAN),
  loss: fc.oneof(fc.integer({ min: -3, max: 3 }), fc.double({ noNaN: true })),
  waits: fc.boolean(),
  pick: fc.nat(),
});

test('ranks, sizes and the best that waits are those of a sorted list', () => {
  fc.assert(
    fc.property(fc.array(operation, { maxLength: 120, size: 'max' }), (operations) => {
      const ranking = new RungRanking();
      const plain = new Plain();
      operations.forEach(({ act, kind, loss, waits, pick }, sequence) => {
        const entry = plain.entries[pick % Math.max(plain.entries.length, 1)];
        if (act === 'add' || entry === undefined) {
          const result = resultOf(kind, loss, sequence);
          plain.add({ result, trial: sequence + 1, waits });
          ranking.add(result, sequence + 1, waits);
        } else if (act === 'leave') {
          entry.waits = false;
          ranking.leave(entry.result);
        } else {
          plain.entries.splice(plain.entries.indexOf(entry), 1);
          ranking.remove(entry.result);
        }
        assert.equal(ranking.size, plain.entries.length);
        assert.deepEqual(ranking.best(), plain.best);
      });
      plain.entries.forEach(({ result }, at) => assert.equal(ranking.rank(result), at + 1));
    }),
  );
});

test('thousands of entries: blocks are split and dropped and the ranks stay right', () => {
  const ranking = new RungRanking();
  // 0 … 4,999 in an order that scatters them: 1,999 shares no factor with 5,000.
  const results = Array.from({ length: 5000 }, (_, i) =>
    resultOf(RungResultKind.VALUE, (i * 1999) % 5000, i),
  );
  for (const result of results) ranking.add(result, result.loss, true);
  for (const result of results) assert.equal(ranking.rank(result), result.loss + 1);
  for (const result of results) if (result.loss < 4000) ranking.remove(result);
  assert.equal(ranking.size, 1000);
  assert.deepEqual(ranking.best(), { trial: 4000, rank: 1 });
  for (const result of results) if (result.loss < 4990) ranking.leave(result);
  assert.deepEqual(ranking.best(), { trial: 4990, rank: 991 });
});

test('failures count and are never the best; infinities rank as numbers, NaN after them', () => {
  const ranking = new RungRanking();
  ranking.add(resultOf(RungResultKind.FAILED, 0, 1), 1, false);
  ranking.add(resultOf(RungResultKind.NAN, 0, 2), 2, true);
  assert.deepEqual(ranking.best(), { trial: 2, rank: 1 });
  ranking.add(resultOf(RungResultKind.VALUE, Infinity, 3), 3, true);
  assert.deepEqual(ranking.best(), { trial: 3, rank: 1 });
  ranking.add(resultOf(RungResultKind.VALUE, -Infinity, 4), 4, true);
  assert.deepEqual(ranking.best(), { trial: 4, rank: 1 });
  assert.equal(ranking.size, 4);
  assert.equal(ranking.rank(resultOf(RungResultKind.NAN, 0, 2)), 3);
});

test('ties rank by sequence, whatever the order of arrival', () => {
  const ranking = new RungRanking();
  for (const sequence of [7, 3, 5])
    ranking.add(resultOf(RungResultKind.VALUE, 0.5, sequence), sequence, true);
  assert.deepEqual(ranking.best(), { trial: 3, rank: 1 });
  assert.equal(ranking.rank(resultOf(RungResultKind.VALUE, 0.5, 7)), 3);
  // -0 is 0.
  ranking.add(resultOf(RungResultKind.VALUE, 0, 8), 8, true);
  ranking.add(resultOf(RungResultKind.VALUE, -0, 9), 9, true);
  assert.deepEqual(ranking.best(), { trial: 8, rank: 1 });
});

test('what is not there is left alone', () => {
  const ranking = new RungRanking();
  ranking.add(resultOf(RungResultKind.VALUE, 1, 1), 1, true);
  for (const result of [resultOf(RungResultKind.VALUE, 1, 2), resultOf(RungResultKind.FAILED, 0, 3)]) {
    ranking.remove(result);
    ranking.leave(result);
  }
  assert.equal(ranking.size, 1);
  assert.deepEqual(ranking.best(), { trial: 1, rank: 1 });
});
