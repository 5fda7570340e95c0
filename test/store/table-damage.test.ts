/** A flipped byte in a table, which LevelDB hands out as it lies. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { Level } from 'level';
import { openLevelStore } from '../../server/store/level.js';
import { entries, put, refusedAs, textAt, writer } from './store-access.js';
import { temporaryDirectory } from './temporary-directory.js';

interface Compacting {
  compactRange(start: string, end: string): Promise<void>;
}

test('a flipped byte in a table is refused by the name of its record, the others are served', async (t) => {
  const directory = await temporaryDirectory(t);
  const store = await openLevelStore({ directory });
  // Hashes: snappy finds nothing to compress, and the bytes can be found in the file.
  const text = Array.from({ length: 40 }, (_, i) => createHash('sha512').update(String(i)).digest('base64'));
  const write = writer(store);
  for (const [i, value] of text.entries()) await write.commit(put(`k/${String(i).padStart(2, '0')}`, value));
  await store.close();
  const path = join(directory, 'db');
  const database = new Level<string, Uint8Array>(path, { valueEncoding: 'view' });
  await database.open();
  // Level's own types leave out what classic-level adds.
  await (database as unknown as Compacting).compactRange('a', 'z');
  await database.close();

  const flipped = await flip(path, Buffer.from(text[20]!.slice(20, 60)));
  assert.equal(flipped, 1, 'the value lies in one table');

  const again = await openLevelStore({ directory });
  t.after(() => again.close());
  await refusedAs('DATA_DAMAGED', again.get('k/20'));
  await refusedAs('DATA_DAMAGED', again.getMany(['k/19', 'k/20']));
  await refusedAs('DATA_DAMAGED', entries(again, { gte: 'k/15', lt: 'k/25' }));
  assert.equal(await textAt(again, 'k/19'), text[19]);
  assert.equal(again.healthy, true);
});

/** Flips a bit where the tables hold the bytes; returns in how many they were found. */
async function flip(path: string, bytes: Buffer): Promise<number> {
  let found = 0;
  for (const name of (await readdir(path)).filter((file) => file.endsWith('.ldb'))) {
    const file = join(path, name);
    const content = await readFile(file);
    const at = content.indexOf(bytes);
    if (at < 0) continue;
    content[at + 5]! ^= 1;
    await writeFile(file, content);
    found++;
  }
  return found;
}
