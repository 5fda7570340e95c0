/**
 * Gives the space of what was deleted back to the disk. LevelDB does so only as
 * further writes come in, and on a full disk none do.
 */
import type { Op } from './store.js';

/** Deleted keys after which it is worth its work although there is space. */
const manyKeys = 10_000;

export class Reclaim {
  readonly #compact: (first: string, last: string) => Promise<void>;
  /** By the beginning of the keys, up to their second slash: the first and the last that were deleted. */
  #deleted = new Map<string, readonly [first: string, last: string]>();
  #keys = 0;
  #run: Promise<void> | undefined;

  /** @param compact rewrites the tables of a range of keys; may be slow */
  constructor(compact: (first: string, last: string) => Promise<void>) {
    this.#compact = compact;
  }

  /** Takes in what has been deleted for good. `urgent` where space is short. */
  note(ops: readonly Op[], urgent: boolean): void {
    for (const { type, key } of ops) {
      if (type !== 'del') continue;
      const beginning = key.slice(0, key.indexOf('/', 2));
      const [first, last] = this.#deleted.get(beginning) ?? [key, key];
      this.#deleted.set(beginning, [key < first ? key : first, key > last ? key : last]);
      this.#keys++;
    }
    if (urgent || this.#keys >= manyKeys) this.start();
  }

  /** Begins with all that was noted. */
  start(): void {
    if (this.#deleted.size > 0) this.#run ??= this.#work().finally(() => (this.#run = undefined));
  }

  /** Resolves when nothing is under way. */
  async settled(): Promise<void> {
    await this.#run;
  }

  async #work(): Promise<void> {
    while (this.#deleted.size > 0) {
      const ranges = [...this.#deleted.values()];
      this.#deleted = new Map();
      this.#keys = 0;
      for (const [first, last] of ranges) {
        // What fails here fails the next commit too, which tells of it.
        await this.#compact(first, last).catch(() => undefined);
      }
    }
  }
}
