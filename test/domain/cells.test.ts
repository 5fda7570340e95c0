import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { equalCells, logCells, mirroredCells, weightedCells, type Cells } from '../../server/domain/cells.js';

/** Share of the unit interval that each cell has, found by bisecting for its upper end. */
function shares(cells: Cells): number[] {
  const ends = Array.from({ length: cells.size - 1 }, (_, cell) => {
    let low = 0;
    let high = 1;
    for (let step = 0; step < 60; step++) {
      const middle = (low + high) / 2;
      if (cells.at(middle) <= cell) low = middle;
      else high = middle;
    }
    return high;
  });
  return [...ends, 1].map((end, cell) => end - (ends[cell - 1] ?? 0));
}

function assertShares(cells: Cells, expected: readonly number[]): void {
  const found = shares(cells);
  assert.equal(found.length, expected.length);
  found.forEach((share, cell) =>
    assert.ok(Math.abs(share - expected[cell]!) < 1e-12, `cell ${cell}: ${share}, not ${expected[cell]}`),
  );
}

/** Any cells whose doubles suffice. */
const someCells = fc.oneof(
  fc
    .oneof(fc.integer({ min: 1, max: 100 }), fc.integer({ min: 1, max: 2 ** 53 - 1 }), fc.constant(2 ** 53))
    .map(equalCells),
  fc
    .tuple(
      fc.oneof(fc.integer({ min: 1, max: 100 }), fc.integer({ min: 1, max: 2 ** 42 })),
      fc.oneof(fc.integer({ min: 1, max: 100 }), fc.integer({ min: 1, max: 2 ** 42 })),
      fc.boolean(),
    )
    .map(([min, size, mirrored]) => (mirrored ? mirroredCells(logCells(min, size)) : logCells(min, size))),
  fc
    .array(fc.double({ min: 0, max: 1, noNaN: true }), { minLength: 1, maxLength: 50 })
    .filter((weights) => weights.some((weight) => weight > 1e-300))
    .map(weightedCells),
);

describe('any cells', () => {
  test('the middle of a cell lies in it, to 2^53 cells', () => {
    const cellOf = someCells.chain((cells) =>
      fc.tuple(
        fc.constant(cells),
        fc.oneof(
          fc.integer({ min: 0, max: Math.min(cells.size, 2 ** 53 - 1) - 1 }),
          fc.constantFrom(0, cells.size - 1),
        ),
      ),
    );
    fc.assert(
      fc.property(cellOf, ([cells, cell]) => {
        assert.equal(cells.exact, true);
        const middle = cells.middle(cell);
        assert.ok(middle >= 0 && middle <= 1);
        assert.equal(cells.at(middle), cell);
      }),
      { numRuns: 2000 },
    );
  });

  test('coordinates give rising cells, 0 the first and 1 the last', () => {
    const unit = fc.double({ min: 0, max: 1, noNaN: true });
    fc.assert(
      fc.property(someCells, unit, unit, (cells, a, b) => {
        assert.equal(cells.at(0), 0);
        assert.equal(cells.at(1), cells.size - 1);
        assert.ok(cells.at(Math.min(a, b)) <= cells.at(Math.max(a, b)));
        assert.ok(Number.isInteger(cells.at(a)) && cells.at(a) >= 0 && cells.at(a) < cells.size);
      }),
    );
  });
});

test('equal cells have equal shares', () => {
  assertShares(equalCells(1), [1]);
  assertShares(equalCells(4), [0.25, 0.25, 0.25, 0.25]);
  assertShares(equalCells(7), new Array<number>(7).fill(1 / 7));
});

test('a logarithmic cell reaches half a step to either side', () => {
  const total = Math.log(8.5 / 0.5);
  const expected = [1, 2, 3, 4, 5, 6, 7, 8].map((k) => Math.log((k + 0.5) / (k - 0.5)) / total);
  assertShares(logCells(1, 8), expected);
  assertShares(mirroredCells(logCells(1, 8)), expected.toReversed());
});

test('a narrow logarithmic range far up is nearly even', () => {
  const cells = logCells(2 ** 52, 1000);
  assert.equal(cells.exact, true);
  for (let cell = 0; cell < 1000; cell++) assert.equal(cells.at(cells.middle(cell)), cell);
  assertShares(logCells(2 ** 52, 4), [0.25, 0.25, 0.25, 0.25]);
});

test('weighted cells follow their weights, and none vanishes', () => {
  assertShares(weightedCells([1, 2, 1]), [0.25, 0.5, 0.25]);
  const found = shares(weightedCells([1, 0, 1e-30, 1]));
  assert.ok(found.every((share) => share > 1e-8));
});

test('cells narrower than doubles are told', () => {
  assert.equal(equalCells(2 ** 54).exact, false);
  assert.equal(logCells(1, 2 ** 53 - 1).exact, false);
  const cells = logCells(1, 2 ** 53 - 1);
  for (const cell of [0, 5, 2 ** 40, 2 ** 53 - 2])
    assert.ok(Math.abs(cells.at(cells.middle(cell)) - cell) <= cell * 2 ** -45);
});
