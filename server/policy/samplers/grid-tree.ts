/**
 * All points of a grid over a tree of parameters, numbered in a mixed radix: a
 * number is taken apart from the first parameter to the last, so that the last one
 * changes fastest. Nothing is laid out; a number costs the parameters it passes.
 */
import type { Point, Space } from '../../domain/space.js';
import { gridAxis, type GridAxis } from './grid-axis.js';

export interface GridTree {
  /** How many points: up to 2^53 − 1, or Infinity for more. */
  readonly size: number;
  /**
   * A point; none has the parameters of another.
   * @param index a whole number from 0 to `size` − 1
   */
  point(index: number): Point;
}

/** One parameter with all that hangs on it. */
interface Branch {
  readonly dimension: number;
  readonly axis: GridAxis;
  /** Combinations of the parameter and those below it. */
  readonly count: number;
  /** The values at which it has active children, rising. At every other value it is alone. */
  readonly forks: readonly Fork[];
}

interface Fork {
  /** Index of the value on the axis. */
  readonly value: number;
  /** Number of its first combination. */
  readonly start: number;
  /** Combinations of the children. */
  readonly count: number;
  readonly children: readonly Branch[];
}

/** Numbers the grid of a space whose every dimension `checkGridAxis` has passed. */
export function gridTree(space: Space): GridTree {
  const top = space.dimensions.filter(({ parent }) => parent === undefined);
  const branches = top.map(({ index }) => branchOf(space, index));
  return {
    size: productOf(branches),
    point(index) {
      const point = new Array<number>(space.dimensions.length).fill(NaN);
      spread(branches, index, point);
      return point;
    },
  };
}

function branchOf(space: Space, dimension: number): Branch {
  const { children } = space.dimensions[dimension]!;
  const axis = gridAxis(space.dimensions[dimension]!);
  const byValue = new Map<number, Branch[]>();
  for (const child of children) {
    const branch = branchOf(space, child);
    for (const ordinal of space.dimensions[child]!.activators) {
      const value = axis.indexOf(ordinal);
      if (value === undefined) continue;
      const others = byValue.get(value);
      if (others === undefined) byValue.set(value, [branch]);
      else others.push(branch);
    }
  }
  const forks: Fork[] = [];
  // Combinations beyond the one that every value counts for.
  let extra = 0;
  for (const [value, below] of [...byValue].sort(([a], [b]) => a - b)) {
    const count = productOf(below);
    forks.push({ value, start: value + extra, count, children: below });
    extra = bounded(extra + count - 1);
  }
  return { dimension, axis, count: bounded(axis.count + extra), forks };
}

function spread(branches: readonly Branch[], index: number, point: number[]): void {
  let rest = index;
  // The last changes fastest, so it is the remainder that comes first.
  for (const branch of branches.toReversed()) {
    place(branch, rest % branch.count, point);
    rest = Math.floor(rest / branch.count);
  }
}

function place(branch: Branch, index: number, point: number[]): void {
  const fork = lastForkUpTo(branch.forks, index);
  let value = index;
  if (fork !== undefined) {
    const into = index - fork.start;
    value = fork.value + Math.max(0, into - fork.count + 1);
    if (into < fork.count) spread(fork.children, into, point);
  }
  point[branch.dimension] = branch.axis.coordinate(value);
}

function lastForkUpTo(forks: readonly Fork[], index: number): Fork | undefined {
  let low = 0;
  let high = forks.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (forks[middle]!.start <= index) low = middle + 1;
    else high = middle;
  }
  return forks[low - 1];
}

function productOf(branches: readonly Branch[]): number {
  return branches.reduce((product, branch) => bounded(product * branch.count), 1);
}

/** Infinity for what a double no longer counts exactly. A rounded product or sum is never below 2^53 where the true one is not. */
function bounded(count: number): number {
  return count <= Number.MAX_SAFE_INTEGER ? count : Infinity;
}
