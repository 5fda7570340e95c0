/** Times of calls in histograms, which add up over processes; `python/meter.py` makes the same. */

/** Buckets to a factor of ten: each is 2.3 % wide. */
const resolution = 100;

/** How many times fell into each bucket. A bucket's number is `resolution` times the logarithm of microseconds. */
export type Histogram = Record<string, number>;

export function histogram(milliseconds: readonly number[]): Histogram {
  const counts: Histogram = {};
  for (const each of milliseconds) {
    const bucket = Math.round(resolution * Math.log10(each * 1000));
    counts[bucket] = (counts[bucket] ?? 0) + 1;
  }
  return counts;
}

/** The time, in milliseconds, that a share of all stayed within; NaN where there are none. */
export function percentile(histograms: readonly Histogram[], share: number): number {
  const sums = new Map<number, number>();
  for (const each of histograms)
    for (const [bucket, count] of Object.entries(each))
      sums.set(Number(bucket), (sums.get(Number(bucket)) ?? 0) + count);
  let left = share * [...sums.values()].reduce((sum, count) => sum + count, 0);
  for (const [bucket, count] of [...sums].sort(([a], [b]) => a - b)) {
    left -= count;
    if (left <= 0) return 10 ** (bucket / resolution) / 1000;
  }
  return NaN;
}

/** The middle value; of an even number the lower of the two in the middle. NaN of none. */
export function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.ceil(values.length / 2) - 1] ?? NaN;
}
