/** Files of a database that are cut off at any byte, or gone: what the store says, and that it deletes nothing that could be read. */
import assert from 'node:assert/strict';
import { cp, readdir, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { openLevelStore } from '../../server/store/level.js';
import type { Store } from '../../server/store/store.js';
import { entries, put, refusedAs, writer } from '../store/store-access.js';
import { temporaryDirectory, type Ending } from '../store/temporary-directory.js';

const commits = 20;

/** Two keys a commit: a half would show. */
async function usedDirectory(t: Ending): Promise<string> {
  const directory = await temporaryDirectory(t);
  const store = await openLevelStore({ directory });
  const write = writer(store);
  for (let i = 0; i < commits; i++) {
    const number = String(i).padStart(3, '0');
    await write.commit(put(`a/${number}`, number), put(`b/${number}`, number));
  }
  await store.close();
  return directory;
}

async function named(directory: string, pattern: RegExp): Promise<string> {
  const found = (await readdir(join(directory, 'db'))).filter((name) => pattern.test(name));
  assert.equal(found.length, 1, found.join());
  return join(directory, 'db', found[0]!);
}

async function wholeCommits(store: Store): Promise<number> {
  const [a, b] = await Promise.all(
    ['a', 'b'].map(async (prefix) =>
      (await entries(store, { gte: `${prefix}/`, lt: `${prefix}0` })).map(([key]) => key.slice(2)),
    ),
  );
  assert.deepEqual(a, b, 'none is there by half');
  assert.deepEqual(
    a!.map(Number),
    a!.map((_, i) => i),
    'the first ones, without a gap',
  );
  return a!.length;
}

test('the log cut at each byte of the last batches leaves whole batches, as many as fit', async (t) => {
  const directory = await usedDirectory(t);
  const log = await named(directory, /\.log$/);
  const bytes = await readFile(log);
  // Where the commits end: each holds its number last.
  const ends = Array.from({ length: commits }, (_, i) => {
    const key = Buffer.from(`j/${(i + 2).toString(16).padStart(14, '0')}`);
    return bytes.indexOf(key);
  });
  const from = ends.at(-3)!;
  assert.ok(from > 0, 'the journal entries are found in the log');
  const copy = join(await temporaryDirectory(t), 'copy');
  let least = commits;
  for (let size = bytes.length; size >= from; size--) {
    await cp(directory, copy, { recursive: true });
    await truncate(await named(copy, /\.log$/), size);
    const store = await openLevelStore({ directory: copy });
    const found = await wholeCommits(store);
    await store.close();
    await rm(copy, { recursive: true });
    // All commits whose entry lies before the cut with what follows it; never one more than that.
    const begun = ends.filter((end) => end < size).length;
    assert.ok(found <= begun && found >= begun - 1, `cut at ${size}: ${found} of ${begun}`);
    if (size === bytes.length) assert.equal(found, commits);
    least = Math.min(least, found);
  }
  assert.ok(least <= commits - 3, 'the cuts reached several batches');
});

test('a missing MANIFEST is named, with what to do, and everything else is left', async (t) => {
  const directory = await usedDirectory(t);
  const manifest = await named(directory, /^MANIFEST/);
  const kept = await readFile(manifest);
  await rm(manifest);
  const before = await readdir(join(directory, 'db'));
  await assert.rejects(openLevelStore({ directory }), (error: Error & { reason?: string }) => {
    assert.equal(error.reason, 'DATABASE_DAMAGED');
    assert.ok(error.message.includes(directory) && error.message.includes('MANIFEST'), error.message);
    return true;
  });
  const missing = before.filter((name) => /\.(log|ldb)$|^CURRENT$/.test(name));
  const after = new Set(await readdir(join(directory, 'db')));
  assert.deepEqual(
    missing.filter((name) => !after.has(name)),
    [],
  );
  await writeFile(manifest, kept);
  const store = await openLevelStore({ directory });
  t.after(() => store.close());
  assert.equal(await wholeCommits(store), commits);
});

test('a log that was deleted is a loss that is told', async (t) => {
  const directory = await usedDirectory(t);
  await rm(await named(directory, /\.log$/));
  await refusedAs('IDENTITY_MISMATCH', openLevelStore({ directory }));

  // With an older opening in tables the loss is of the batches since.
  const older = await usedDirectory(t);
  await (await openLevelStore({ directory: older })).close();
  assert.ok((await stat(await named(older, /\.log$/))).size > 0);
  await rm(await named(older, /\.log$/));
  await refusedAs('BATCHES_MISSING', openLevelStore({ directory: older }));
});
