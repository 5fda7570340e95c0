/** Measures of how well numbers follow a distribution, for tests with fixed seeds. */

/** Kolmogorov and Smirnov's distance: the greatest between the empirical and the given distribution function. */
export function ksDistance(values: readonly number[], distribution: (x: number) => number): number {
  const count = values.length;
  return Math.max(
    ...values
      .toSorted((a, b) => a - b)
      .map((x, index) => Math.max((index + 1) / count - distribution(x), distribution(x) - index / count)),
  );
}

/**
 * Centred L2 discrepancy of points in the unit cube (Hickernell: A generalized
 * discrepancy and quadrature error bound, Math. Comp. 67, 1998), squared, as
 * scipy.stats.qmc.discrepancy gives it.
 */
export function centredDiscrepancy(points: readonly (readonly number[])[]): number {
  const count = points.length;
  const dimensions = points[0]!.length;
  const off = points.map((point) => point.map((x) => Math.abs(x - 0.5)));
  let single = 0;
  let paired = 0;
  for (let a = 0; a < count; a++) {
    single += off[a]!.reduce((product, x) => product * (1 + x / 2 - (x * x) / 2), 1);
    for (let b = 0; b < count; b++) {
      let product = 1;
      for (let at = 0; at < dimensions; at++)
        product *= 1 + (off[a]![at]! + off[b]![at]! - Math.abs(points[a]![at]! - points[b]![at]!)) / 2;
      paired += product;
    }
  }
  return (13 / 12) ** dimensions - (2 / count) * single + paired / count ** 2;
}
