/**
 * The journal: one numbered entry per batch written, without gaps. LevelDB skips
 * a damaged record in the middle of its log without a word; what it drops takes
 * its entry along, and the gap shows when the database is next opened.
 *
 * What it can not show: damage at the very end of the log, where the last batch
 * that is there looks like the last that was written (see dropped-records.ts).
 */
import type { Level } from 'level';
import { JournalRecord } from '../gen/wazir/internal/v1/records.js';
import { unseal } from './checksum.js';
import { keys, lastNumber } from './keys.js';
import { StoreOpenError } from './open-error.js';
import type { Op } from './store.js';

/** Bytes after which LevelDB turns its log into a table; its default. */
export const writeBufferBytes = 4 * 2 ** 20;

/**
 * No entry counts for more than this below. The batch that overfills a write
 * buffer lies in its log whole, however large it is.
 */
const countedAtMost = 2 ** 20;

/**
 * An entry is kept until so many bytes were written after it: LevelDB replays at
 * the most two logs, each of a write buffer and the batch that overfilled it.
 * What is older lies in tables.
 */
const keptBytes = 2 * (writeBufferBytes + countedAtMost);

export class Journal {
  /** What each kept entry counts for, oldest first. */
  readonly #kept = new Map<number, number>();
  #newest = 0;
  #total = 0;

  /**
   * Reads the entries of a database.
   * @param acceptLoss Forget the entries before a gap instead of refusing.
   * @throws StoreOpenError BATCHES_MISSING.
   */
  static async read(database: Level<string, Uint8Array>, directory: string, acceptLoss: boolean) {
    const journal = new Journal();
    // With damage in two places, or to batches that forget entries, there are
    // several gaps; the last one tells which batches are gone.
    let gap: [number, number] | undefined;
    for await (const [key, value] of database.iterator(keys.journals())) {
      const number = lastNumber(key);
      if (journal.#newest !== 0 && number !== journal.#newest + 1) gap = [journal.#newest + 1, number - 1];
      journal.#add(number, JournalRecord.decode(unseal(key, value)).bytes);
    }
    if (gap !== undefined && !acceptLoss) {
      const lost = gap[0] === gap[1] ? `batch ${gap[0]} is` : `batches ${gap[0]} to ${gap[1]} are`;
      throw new StoreOpenError(
        'BATCHES_MISSING',
        `${directory} is damaged: ${lost} missing although batch ${journal.#newest} is there; ` +
          'restore a backup, or, without one, copy the directory and open it with the loss accepted',
      );
    }
    return { journal, gap };
  }

  /** Number of the newest entry; 0 where there is none. */
  get newest(): number {
    return this.#newest;
  }

  /** The operations that a batch of so many bytes carries for the journal. */
  next(bytes: number): Op[] {
    const number = this.#newest + 1;
    this.#add(number, bytes);
    const value = JournalRecord.encode({ bytes }).finish();
    const ops: Op[] = [{ type: 'put', key: keys.journal(number), value }];
    for (const [oldest, counted] of this.#kept) {
      if (this.#total - counted < keptBytes) break;
      ops.push(this.#forget(oldest, counted));
    }
    return ops;
  }

  /** The operations that forget every entry. */
  forgetAll(): Op[] {
    return [...this.#kept].map(([number, counted]) => this.#forget(number, counted));
  }

  #add(number: number, bytes: number): void {
    const counted = Math.min(bytes, countedAtMost);
    this.#kept.set(number, counted);
    this.#newest = number;
    this.#total += counted;
  }

  #forget(number: number, counted: number): Op {
    this.#kept.delete(number);
    this.#total -= counted;
    return { type: 'del', key: keys.journal(number) };
  }
}

/** What a batch counts for: the bytes of its keys and values, at the least. */
export function bytesOf(ops: readonly Op[]): number {
  let bytes = 0;
  for (const op of ops) bytes += op.key.length + (op.type === 'put' ? op.value.length : 0);
  return bytes;
}
