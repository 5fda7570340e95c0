/**
 * Group commit: commits that wait at the same time are written as one batch, one
 * batch after the other, in the order in which they came. A sync costs the same
 * for one commit as for hundreds.
 */
import { setImmediate } from 'node:timers/promises';
import type { Op } from './store.js';

/** Where a batch takes no further commit. Larger ones make each caller wait longer and sync no cheaper. */
const fullAtBytes = 2 ** 20;

interface Waiting {
  readonly ops: readonly Op[];
  readonly bytes: number;
  readonly resolve: () => void;
  readonly reject: (reason: unknown) => void;
}

export class GroupCommit {
  readonly #write: (ops: Op[], bytes: number) => Promise<void>;
  readonly #failed: (cause: unknown) => unknown;
  #waiting: Waiting[] = [];
  #running = false;
  #run: Promise<void> = Promise.resolve();

  /**
   * @param write Writes a batch; never called again before it has settled, nor after it has failed.
   * @param failed Called once when it has failed, before any caller hears of it; returns what callers get.
   */
  constructor(write: (ops: Op[], bytes: number) => Promise<void>, failed: (cause: unknown) => unknown) {
    this.#write = write;
    this.#failed = failed;
  }

  /** Resolves once the operations are written. After a failure the owner must not add. */
  add(ops: readonly Op[], bytes: number): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ ops, bytes, resolve, reject });
      if (!this.#running) this.#run = this.#drain();
    });
  }

  /** Resolves when nothing waits. */
  async idle(): Promise<void> {
    while (this.#running) await this.#run;
  }

  async #drain(): Promise<void> {
    this.#running = true;
    while (this.#waiting.length > 0) {
      // One turn of the event loop, so that all calls that have arrived join.
      await setImmediate();
      const group = this.#take();
      try {
        const ops: Op[] = [];
        let bytes = 0;
        for (const waiting of group) {
          for (const op of waiting.ops) ops.push(op);
          bytes += waiting.bytes;
        }
        await this.#write(ops, bytes);
      } catch (cause) {
        const reason = this.#failed(cause);
        for (const waiting of [...group, ...this.#waiting.splice(0)]) waiting.reject(reason);
        break;
      }
      for (const waiting of group) waiting.resolve();
    }
    // In the same step as the last look at the queue: whoever adds next starts anew.
    this.#running = false;
  }

  #take(): Waiting[] {
    let bytes = 0;
    let count = 0;
    for (const waiting of this.#waiting) {
      bytes += waiting.bytes;
      if (count > 0 && bytes > fullAtBytes) break;
      count += 1;
    }
    return this.#waiting.splice(0, count);
  }
}
