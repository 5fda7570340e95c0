/** Reads a database by itself, outside of the store: while it is opened, restored or examined. */
import type { Level } from 'level';
import { unseal, unsealAll } from './checksum.js';
import type { Entry, Range, Store } from './store.js';

/** What is read at once while iterating. */
export const chunkEntries = 500;
export const chunkBytes = 2 ** 18;

/**
 * The chunks of an iteration, until the first empty one. From the second on, the next
 * is read while one is taken in: LevelDB reads in a thread of its own. Not sooner, so
 * that a page is not read in vain.
 */
export async function* ahead<T>(read: () => Promise<T[]>): AsyncGenerator<T[], void, undefined> {
  const first = await read();
  if (first.length === 0) return;
  yield first;
  let next = read();
  for (;;) {
    const chunk = await next;
    if (chunk.length === 0) return;
    next = read();
    // Whoever takes no further chunk does not hear of its failure.
    next.catch(() => undefined);
    yield chunk;
  }
}

export type Reader = Pick<Store, 'get' | 'getMany' | 'iterate' | 'chunks'>;

/** Reads with the checksums verified: DATA_DAMAGED names the record. `!database` has none, and can not be read so. */
export function readerOf(database: Level<string, Uint8Array>): Reader {
  const sealedChunks = async function* (range: Range): AsyncGenerator<Entry[], void, undefined> {
    const iterator = database.iterator({ ...range, highWaterMarkBytes: chunkBytes });
    try {
      yield* ahead(() => iterator.nextv(chunkEntries));
    } finally {
      await iterator.close();
    }
  };
  return {
    async get(key) {
      const value: Uint8Array | undefined = await database.get(key);
      return value && unseal(key, value);
    },
    async getMany(keys) {
      const values: (Uint8Array | undefined)[] = await database.getMany([...keys]);
      return values.map((value, i) => value && unseal(keys[i]!, value));
    },
    async *iterate(range: Range) {
      for await (const entries of sealedChunks(range))
        for (const [key, value] of entries) yield [key, unseal(key, value)];
    },
    async *chunks(range: Range) {
      for await (const entries of sealedChunks(range)) yield unsealAll(entries);
    },
  };
}
