/** Ladders and sizes in exact arithmetic, for a reduction factor given as a fraction. */
export interface Fraction {
  readonly over: bigint;
  readonly under: bigint;
}

export function valueOf({ over, under }: Fraction): number {
  return Number(over) / Number(under);
}

function ceilDivide(over: bigint, under: bigint): bigint {
  return (over + under - 1n) / under;
}

export function exactLadder(min: number, max: number, { over, under }: Fraction): number[] {
  const [low, high] = [BigInt(min), BigInt(max)];
  let s = 0n;
  while (low * over ** (s + 1n) <= high * under ** (s + 1n)) s++;
  const rungs: number[] = [];
  for (let k = 0n; k <= s; k++) rungs.push(Number((high * under ** (s - k)) / over ** (s - k)));
  return rungs;
}

export function exactTop(n: number, { over, under }: Fraction): number {
  return Number((BigInt(n) * under) / over);
}

/** n of Hyperband's brackets, the most aggressive first. */
export function exactSizes(rungs: number, { over, under }: Fraction, table: boolean): number[] {
  const all = BigInt(rungs);
  const sizes: number[] = [];
  for (let s = all - 1n; s >= 0n; s--) {
    const size = table
      ? ceilDivide((all / (s + 1n)) * over ** s, under ** s)
      : ceilDivide(all * over ** s, under ** s * (s + 1n));
    sizes.push(Number(size));
  }
  return sizes;
}
