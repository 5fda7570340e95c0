import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Level } from 'level';
import { sealed } from '../../server/store/checksum.js';
import { bytesOf, Journal, writeBufferBytes } from '../../server/store/journal.js';
import { keys, lastNumber } from '../../server/store/keys.js';
import type { Op } from '../../server/store/store.js';
import { del, put } from './store-access.js';
import { temporaryDirectory } from './temporary-directory.js';

/** The numbers of the entries that a journal's operations leave. */
function apply(entries: Set<number>, ops: readonly Op[]): void {
  for (const op of ops) {
    if (op.type === 'put') entries.add(lastNumber(op.key));
    else assert.ok(entries.delete(lastNumber(op.key)), 'an entry is forgotten once');
  }
}

test('an entry outlives its batch in the logs of LevelDB, and not by much', () => {
  const size = fc.oneof(
    fc.nat({ max: 2000 }),
    fc.integer({ min: 2 ** 18, max: 2 ** 20 }),
    fc.integer({ min: 2 ** 20, max: 2 ** 24 }),
  );
  fc.assert(
    fc.property(fc.array(size, { minLength: 1, maxLength: 200, size: 'max' }), (sizes) => {
      const journal = new Journal();
      const entries = new Set<number>();
      const ofBatch = new Map<number, number>();
      // LevelDB: a log is closed by the first batch that comes when it is over its size; two are kept.
      let logs: number[][] = [[]];
      let inLog = 0;
      for (const bytes of sizes) {
        if (inLog > writeBufferBytes) {
          logs = [logs.at(-1)!, []];
          inLog = 0;
        }
        apply(entries, journal.next(bytes));
        logs.at(-1)!.push(journal.newest);
        inLog += bytes;
        ofBatch.set(journal.newest, bytes);
        for (const batch of logs.flat())
          assert.ok(entries.has(batch), `batch ${batch} may have to be replayed`);
      }
      const numbers = [...entries];
      assert.deepEqual(
        numbers,
        Array.from(numbers, (_, index) => numbers[0]! + index),
        'without gaps',
      );
      const newer = numbers
        .slice(1)
        .reduce((sum, number) => sum + Math.min(ofBatch.get(number)!, 2 ** 20), 0);
      assert.ok(newer < 10 * 2 ** 20, 'no more than what the two logs can hold');
    }),
    { numRuns: 300 },
  );
});

test('a journal goes on where it was read', async (t) => {
  const directory = await temporaryDirectory(t);
  const database = new Level<string, Uint8Array>(directory, { valueEncoding: 'view' });
  t.after(() => database.close());
  const fresh = await Journal.read(database, directory, false);
  assert.deepEqual([fresh.journal.newest, fresh.gap], [0, undefined]);
  for (let batch = 0; batch < 40; batch++) await database.batch(fresh.journal.next(2 ** 19).map(sealed));

  const { journal } = await Journal.read(database, directory, false);
  assert.equal(journal.newest, 40);
  for (let batch = 0; batch < 5; batch++) {
    const ops = journal.next(2 ** 19);
    assert.deepEqual(ops, fresh.journal.next(2 ** 19));
    await database.batch(ops.map(sealed));
  }
  await database.batch(journal.forgetAll());
  assert.deepEqual(await database.keys().all(), []);
});

test('a gap is refused, and named', async (t) => {
  const directory = await temporaryDirectory(t);
  const database = new Level<string, Uint8Array>(directory, { valueEncoding: 'view' });
  t.after(() => database.close());
  const written = new Journal();
  for (let batch = 0; batch < 12; batch++) await database.batch(written.next(10).map(sealed));
  for (const missing of [2, 7, 8]) await database.del(keys.journal(missing));
  const before = await database.keys().all();
  await assert.rejects(Journal.read(database, directory, false), {
    name: 'StoreOpenError',
    reason: 'BATCHES_MISSING',
    message: /batches 7 to 8 are missing although batch 12 is there; restore a backup/,
  });
  assert.deepEqual(await database.keys().all(), before);

  const { journal, gap } = await Journal.read(database, directory, true);
  assert.deepEqual(gap, [7, 8]);
  await database.batch([...journal.forgetAll(), ...journal.next(10)].map(sealed));
  assert.deepEqual(await database.keys().all(), [keys.journal(13)]);
});

test('bytes are those of keys and values', () => {
  assert.equal(bytesOf([put('key', 'value'), del('gone')]), 12);
  assert.equal(bytesOf([]), 0);
});
