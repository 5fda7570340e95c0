/**
 * Counts at places, with prefix sums in O(log n): the binary indexed tree of
 * Fenwick (1994).
 */
export class Fenwick {
  // tree[i − 1] holds the sum of the (i & −i) counts that end at place i − 1.
  private tree = new Uint32Array(1);
  private length = 0;

  /** Starts anew with these counts. O(n). */
  rebuild(counts: readonly number[]): void {
    this.length = counts.length;
    if (this.tree.length < this.length) this.tree = new Uint32Array(this.length * 2);
    const tree = this.tree;
    tree.fill(0, 0, this.length);
    for (let i = 1; i <= this.length; i++) {
      tree[i - 1]! += counts[i - 1]!;
      const parent = i + (i & -i);
      if (parent <= this.length) tree[parent - 1]! += tree[i - 1]!;
    }
  }

  /** Adds to the count at a place; the count must not fall below 0. */
  add(place: number, difference: number): void {
    for (let i = place + 1; i <= this.length; i += i & -i) this.tree[i - 1]! += difference;
  }

  /** The sum of the counts before a place. */
  before(place: number): number {
    let sum = 0;
    for (let i = place; i > 0; i -= i & -i) sum += this.tree[i - 1]!;
    return sum;
  }

  /** The first place whose count is not 0, or undefined. */
  first(): number | undefined {
    let span = 1;
    while (span * 2 <= this.length) span *= 2;
    let place = 0;
    for (; span >= 1; span /= 2) {
      if (place + span <= this.length && this.tree[place + span - 1] === 0) place += span;
    }
    return place < this.length ? place : undefined;
  }
}
