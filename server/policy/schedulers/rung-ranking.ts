/**
 * The results of one rung in the order of their ranks, and which of them wait to
 * be promoted.
 *
 * A sorted sequence cut into blocks of typed arrays, under two binary indexed
 * trees over the blocks: one counts entries, for ranks, the other those that
 * wait, for the best of them. Each call costs O(log n) and moves a part of one
 * block; an entry costs some 35 bytes, a fifth of a node of a balanced tree.
 */
import { RungResultKind, type RungResult } from '../../domain/spec.js';
import { Fenwick } from './fenwick.js';

const CAPACITY = 512;

/**
 * The order of ranks: numbers and infinities by loss, then NaN; ties by sequence,
 * the older first. FAILED ranks after all of them.
 * @returns negative where a is better
 */
export function compareResults(a: RungResult, b: RungResult): number {
  return a.kind - b.kind || (a.loss < b.loss ? -1 : a.loss > b.loss ? 1 : a.sequence - b.sequence);
}

// Most rungs of most studies are small, and of a study that has just been made they are
// empty: arrays of their own would be 7 of the 42 KB that it holds.
const SMALL = 16;
const noBytes = new Uint8Array(0);
const noNumbers = new Float64Array(0);

/** A run of neighbours in the order. */
class Block {
  size = 0;
  waiting = 0;
  kinds = noBytes;
  losses = noNumbers;
  sequences = noNumbers;
  trials = noNumbers;
  flags = noBytes;

  /** How many entries rank before the result. */
  place(result: RungResult): number {
    let low = 0;
    let high = this.size;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.isBefore(middle, result)) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  isBefore(at: number, { kind, loss, sequence }: RungResult): boolean {
    const difference = this.kinds[at]! - kind;
    if (difference !== 0) return difference < 0;
    if (this.losses[at] !== loss) return this.losses[at]! < loss;
    return this.sequences[at]! < sequence;
  }

  insert(at: number, result: RungResult, trial: number, waits: boolean): void {
    if (this.size === this.kinds.length) this.resize(Math.max(SMALL, this.size * 2));
    for (const column of this.columns()) column.copyWithin(at + 1, at, this.size);
    this.kinds[at] = result.kind;
    this.losses[at] = result.loss;
    this.sequences[at] = result.sequence;
    this.trials[at] = trial;
    this.flags[at] = waits ? 1 : 0;
    this.size++;
    this.waiting += waits ? 1 : 0;
  }

  delete(at: number): void {
    this.waiting -= this.flags[at]!;
    for (const column of this.columns()) column.copyWithin(at, at + 1, this.size);
    this.size--;
  }

  /** Moves the upper half to a new block. */
  split(): Block {
    const half = this.size >>> 1;
    const upper = new Block();
    upper.resize(CAPACITY);
    const columns = upper.columns();
    this.columns().forEach((column, i) => columns[i]!.set(column.subarray(half, this.size)));
    upper.size = this.size - half;
    this.size = half;
    upper.waiting = upper.flags.subarray(0, upper.size).reduce((sum, flag) => sum + flag, 0);
    this.waiting -= upper.waiting;
    return upper;
  }

  private columns(): readonly (Uint8Array | Float64Array)[] {
    return [this.kinds, this.losses, this.sequences, this.trials, this.flags];
  }

  private resize(capacity: number): void {
    const [kinds, losses, sequences, trials, flags] = [
      this.kinds,
      this.losses,
      this.sequences,
      this.trials,
      this.flags,
    ];
    (this.kinds = new Uint8Array(capacity)).set(kinds);
    (this.losses = new Float64Array(capacity)).set(losses);
    (this.sequences = new Float64Array(capacity)).set(sequences);
    (this.trials = new Float64Array(capacity)).set(trials);
    (this.flags = new Uint8Array(capacity)).set(flags);
  }
}

/** The best entry that waits. */
export interface Waiting {
  readonly trial: number;
  /** Its rank among all results of the rung, from 1. */
  readonly rank: number;
}

export class RungRanking {
  private readonly blocks: Block[] = [new Block()];
  private readonly sizes = new Fenwick();
  private readonly waiting = new Fenwick();
  private failed = 0;
  private ranked = 0;

  constructor() {
    this.recount();
  }

  /** How many results there are, FAILED ones included. */
  get size(): number {
    return this.ranked + this.failed;
  }

  /**
   * Takes in a result; its sequence is not in the rung yet.
   * @param waits whether the trial may be promoted from here; never with FAILED
   */
  add(result: RungResult, trial: number, waits: boolean): void {
    // Nobody asks for a failure's rank, only how many there are.
    if (result.kind === RungResultKind.FAILED) {
      this.failed++;
      return;
    }
    const index = this.blockOf(result);
    const block = this.blocks[index]!;
    block.insert(block.place(result), result, trial, waits);
    this.ranked++;
    if (block.size === CAPACITY) {
      this.blocks.splice(index + 1, 0, block.split());
      this.recount();
    } else {
      this.sizes.add(index, 1);
      if (waits) this.waiting.add(index, 1);
    }
  }

  /** Takes a result out; one that is not there, or is FAILED, is left alone. */
  remove(result: RungResult): void {
    const index = this.blockOf(result);
    const block = this.blocks[index]!;
    const at = this.find(block, result);
    if (at === undefined) return;
    const waited = block.flags[at]!;
    block.delete(at);
    this.ranked--;
    if (block.size === 0 && this.blocks.length > 1) {
      this.blocks.splice(index, 1);
      this.recount();
    } else {
      this.sizes.add(index, -1);
      this.waiting.add(index, -waited);
    }
  }

  /** Says that a result's trial is not, or no longer, to be promoted from here. */
  leave(result: RungResult): void {
    const index = this.blockOf(result);
    const block = this.blocks[index]!;
    const at = this.find(block, result);
    if (at === undefined || block.flags[at] === 0) return;
    block.flags[at] = 0;
    block.waiting--;
    this.waiting.add(index, -1);
  }

  /** The rank, from 1, that a result that is not FAILED has, or would have. */
  rank(result: RungResult): number {
    const index = this.blockOf(result);
    return this.sizes.before(index) + this.blocks[index]!.place(result) + 1;
  }

  /** The best of those that wait. */
  best(): Waiting | undefined {
    const index = this.waiting.first();
    if (index === undefined) return undefined;
    const block = this.blocks[index]!;
    const at = block.flags.indexOf(1);
    return { trial: block.trials[at]!, rank: this.sizes.before(index) + at + 1 };
  }

  /** The last block that begins at or before the result; else the first. */
  private blockOf(result: RungResult): number {
    let low = 0;
    let high = this.blocks.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >>> 1;
      const block = this.blocks[middle]!;
      if (block.isBefore(0, result) || block.sequences[0] === result.sequence) low = middle;
      else high = middle - 1;
    }
    return low;
  }

  private find(block: Block, result: RungResult): number | undefined {
    const at = block.place(result);
    return at < block.size && block.sequences[at] === result.sequence ? at : undefined;
  }

  private recount(): void {
    this.sizes.rebuild(this.blocks.map((block) => block.size));
    this.waiting.rebuild(this.blocks.map((block) => block.waiting));
  }
}
