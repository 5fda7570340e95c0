/** A point of a series: when, and how much. */
export interface Point {
  readonly x: number;
  readonly y: number;
}

/** Slope of the line of least squares, in units of y per unit of x; 0 for less than two points. */
export function slope(points: readonly Point[]): number {
  const mean = (pick: (point: Point) => number) =>
    points.reduce((sum, point) => sum + pick(point), 0) / points.length;
  const x = mean((point) => point.x);
  const y = mean((point) => point.y);
  let covariance = 0;
  let variance = 0;
  for (const point of points) {
    covariance += (point.x - x) * (point.y - y);
    variance += (point.x - x) ** 2;
  }
  return variance === 0 ? 0 : covariance / variance;
}
