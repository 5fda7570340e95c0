/** Reads a database by itself, outside of the store: while it is opened, restored or examined. */
import type { Level } from 'level';
import { unseal } from './checksum.js';
import type { Range, Store } from './store.js';

/** What is read at once while iterating. */
export const chunkEntries = 500;
export const chunkBytes = 2 ** 18;

/** Reads with the checksums verified: DATA_DAMAGED names the record. `!database` has none, and can not be read so. */
export function readerOf(database: Level<string, Uint8Array>): Pick<Store, 'get' | 'getMany' | 'iterate'> {
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
      const iterator = database.iterator({ ...range, highWaterMarkBytes: chunkBytes });
      try {
        for (;;) {
          const entries = await iterator.nextv(chunkEntries);
          if (entries.length === 0) return;
          for (const [key, value] of entries) yield [key, unseal(key, value)];
        }
      } finally {
        await iterator.close();
      }
    },
  };
}
