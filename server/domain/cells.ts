/**
 * The unit interval cut into one cell a value: how whole numbers, listed numbers
 * and names lie on it. Both ends of a range get cells of their own, so that no
 * value is drawn less often for being the first or the last.
 */

/** The unit interval cut into `size` cells, in order. */
export interface Cells {
  /** How many cells: a whole number from 1 to 2^54. */
  readonly size: number;
  /**
   * Whether `at(middle(n))` is n for every cell. Not where cells are narrower
   * than the distance of neighbouring doubles; then it is a cell close by.
   */
  readonly exact: boolean;
  /** The cell, from 0, in which a coordinate lies. Within range whatever the coordinate. */
  at(coordinate: number): number;
  /** A coordinate inside a cell: its middle, on its scale. */
  middle(cell: number): number;
}

/** Cells of one width. */
export function equalCells(size: number): Cells {
  return cells(
    size,
    size <= 2 ** 53,
    (u) => u * size,
    (cell) => (cell + 0.5) / size,
  );
}

/**
 * Cells for the whole numbers from `min` on that are evenly spread in the
 * logarithm: value k has the cell from ln(k − 1/2) to ln(k + 1/2).
 * @param min at least 1
 * @param size how many numbers
 */
export function logCells(min: number, size: number): Cells {
  const start = min - 0.5;
  // log1p and expm1, since the logarithms of a narrow range agree in most digits.
  const span = Math.log1p(size / start);
  // Rounding of u and of expm1 at the upper end comes to a few 2^-53 of this, in
  // units of one value.
  const exact = (start + size) * span + size <= 2 ** 48;
  return cells(
    size,
    exact,
    (u) => start * Math.expm1(u * span),
    (cell) => Math.log1p((cell + 0.5) / start) / span,
  );
}

/**
 * Cells whose widths follow weights.
 * @param weights at least one, not negative, with a finite sum above 0
 */
export function weightedCells(weights: readonly number[]): Cells {
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  // Values that all but touch on the scale keep a cell that doubles can hit.
  const floor = total / weights.length / 2 ** 20;
  const ends: number[] = [];
  let end = 0;
  for (const weight of weights) ends.push((end += Math.max(weight, floor)));
  return {
    size: weights.length,
    exact: true,
    at(coordinate) {
      const target = coordinate * end;
      let low = 0;
      let high = ends.length - 1;
      while (low < high) {
        const middle = (low + high) >> 1;
        if (ends[middle]! > target) high = middle;
        else low = middle + 1;
      }
      return low;
    },
    middle: (cell) => ((ends[cell - 1] ?? 0) + ends[cell]!) / 2 / end,
  };
}

/** The same cells from the other end. */
export function mirroredCells(of: Cells): Cells {
  return {
    size: of.size,
    exact: of.exact,
    at: (coordinate) => of.size - 1 - of.at(1 - coordinate),
    middle: (cell) => 1 - of.middle(of.size - 1 - cell),
  };
}

function cells(
  size: number,
  exact: boolean,
  position: (coordinate: number) => number,
  coordinateOf: (cell: number) => number,
): Cells {
  const at = (coordinate: number) => Math.min(size - 1, Math.max(0, Math.floor(position(coordinate))));
  return {
    size,
    exact,
    at,
    middle(cell) {
      let coordinate = coordinateOf(cell);
      // With 2^51 cells and more, rounding alone may carry the middle of a cell
      // into the next one.
      for (let step = 0; step < 4; step++) {
        const found = at(coordinate);
        if (found === cell) break;
        coordinate += (found < cell ? 0.75 : -0.75) * coordinate * 2 ** -52;
      }
      return Math.min(1, coordinate);
    },
  };
}
