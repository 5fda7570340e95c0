/** What is refused on opening, in words for the operator, and that nothing is made worse by it. */
import assert from 'node:assert/strict';
import { cp, mkdir, readdir, readFile, rename, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { Level } from 'level';
import { DatabaseRecord } from '../../server/gen/wazir/internal/v1/records.js';
import { createIdentity, currentFormat, readIdentity, replaceIdentity } from '../../server/store/identity.js';
import { keys, lastNumber } from '../../server/store/keys.js';
import { openLevelStore } from '../../server/store/level.js';
import type { OpenFailure } from '../../server/store/open-error.js';
import { startCommitting } from './child-process.js';
import { directoryContents } from './directory-contents.js';
import { entries, put, writer } from './store-access.js';
import { temporaryDirectory, type Ending } from './temporary-directory.js';

const committed = 200;

/** A directory with so many commits, each its own batch, and closed: `k/{index}`, after two openings. */
async function usedDirectory(t: Ending): Promise<string> {
  const directory = await temporaryDirectory(t);
  for (const half of [0, 1]) {
    const store = await openLevelStore({ directory });
    const write = writer(store);
    for (let index = 0; index < committed / 2; index++) {
      const number = String(half * (committed / 2) + index).padStart(3, '0');
      await write.commit(put(`k/${number}`, number.repeat(300)));
    }
    await store.close();
  }
  return directory;
}

async function refuses(directory: string, reason: OpenFailure, message: RegExp): Promise<void> {
  await assert.rejects(openLevelStore({ directory }), (error: Error & { reason?: OpenFailure }) => {
    assert.equal(error.name, 'StoreOpenError', error.stack);
    assert.equal(error.reason, reason, error.message);
    assert.match(error.message, message);
    assert.ok(error.message.includes(directory), 'the message names the directory');
    assert.doesNotMatch(error.message, /\n/);
    return true;
  });
}

async function refusesUntouched(directory: string, reason: OpenFailure, message: RegExp): Promise<void> {
  const before = await directoryContents(directory);
  await refuses(directory, reason, message);
  assert.deepEqual(await directoryContents(directory), before);
}

/** The database itself, past the store. */
async function withDatabase<T>(
  directory: string,
  use: (database: Level<string, Uint8Array>) => Promise<T>,
): Promise<T> {
  const database = new Level<string, Uint8Array>(join(directory, 'db'), { valueEncoding: 'view' });
  try {
    return await use(database);
  } finally {
    await database.close();
  }
}

/** Its keys, without those of its own upkeep. */
async function numbersIn(directory: string): Promise<number[]> {
  const store = await openLevelStore({ directory });
  try {
    return (await entries(store, { gte: 'k/', lt: 'k0' })).map(([key]) => Number(key.slice(2)));
  } finally {
    await store.close();
  }
}

async function logOf(directory: string): Promise<string> {
  const logs = (await readdir(join(directory, 'db'))).filter((name) => name.endsWith('.log'));
  assert.equal(logs.length, 1);
  return join(directory, 'db', logs[0]!);
}

test('a database that has lost CURRENT, or all its files, is refused untouched', async (t) => {
  const directory = await usedDirectory(t);
  const current = join(directory, 'db', 'CURRENT');
  await rename(current, join(directory, 'kept'));
  await refusesUntouched(directory, 'DATABASE_MISSING', /restore the directory from a copy/);
  await rename(join(directory, 'kept'), current);
  assert.equal((await numbersIn(directory)).length, committed, 'all is there once CURRENT is back');

  await rm(join(directory, 'db'), { recursive: true });
  await refusesUntouched(directory, 'DATABASE_MISSING', /has lost its database/);
});

test('a database that LevelDB can not open is refused in one line', async (t) => {
  const directory = await usedDirectory(t);
  await writeFile(join(directory, 'db', 'CURRENT'), '');
  await refuses(directory, 'DATABASE_DAMAGED', /can not be opened: .*CURRENT/);
});

test('the identity file of another database is refused', async (t) => {
  const directory = await usedDirectory(t);
  const identity = await readIdentity(directory);
  await replaceIdentity(directory, { ...identity!, id: 'another' });
  await refuses(
    directory,
    'IDENTITY_MISMATCH',
    new RegExp(`of database another, .* is ${identity!.id}; restore`),
  );
  await replaceIdentity(directory, identity!);
  assert.equal((await numbersIn(directory)).length, committed);
});

test('an empty database in the place of one in use is refused', async (t) => {
  const directory = await usedDirectory(t);
  await rm(join(directory, 'db'), { recursive: true });
  await withDatabase(directory, (database) => database.open());
  await refuses(directory, 'IDENTITY_MISMATCH', /the database beside it is empty/);
});

test('a directory of somebody else, or a database without its identity file, is refused untouched', async (t) => {
  const foreign = await temporaryDirectory(t);
  await writeFile(join(foreign, 'notes.txt'), 'mine');
  await refusesUntouched(foreign, 'FOREIGN_DIRECTORY', /holds "notes\.txt".* name an empty directory/);

  const bare = await temporaryDirectory(t);
  await cp(join(await usedDirectory(t), 'db'), join(bare, 'db'), { recursive: true });
  await refusesUntouched(bare, 'FOREIGN_DIRECTORY', /put the file back from a copy/);
});

test('a later format is refused untouched, by the file and by the database', async (t) => {
  const directory = await usedDirectory(t);
  const identity = (await readIdentity(directory))!;
  const later = { ...identity, format: currentFormat + 1 };
  await replaceIdentity(directory, later);
  await refusesUntouched(directory, 'NEWER_FORMAT', /has format 2, this release knows up to 1/);

  await replaceIdentity(directory, identity);
  const record = Buffer.from(DatabaseRecord.encode(DatabaseRecord.fromPartial(later)).finish());
  await withDatabase(directory, (database) => database.put(keys.database, record));
  await refuses(directory, 'NEWER_FORMAT', /run the release that wrote it/);
  const stored: Uint8Array = await withDatabase(directory, (database) => database.get(keys.database));
  assert.ok(record.equals(stored), 'the opening was not counted');
});

test('a second process, or a second opening in one, is refused while the first goes on', async (t) => {
  const directory = await temporaryDirectory(t);
  const child = startCommitting(directory, -1);
  t.after(() => child.killAfter(0));
  await child.opened;
  await refuses(directory, 'LOCKED', /is in use by process \d+ of host .*; stop it/);
  await child.killAfter(0);

  const store = await openLevelStore({ directory });
  t.after(() => store.close());
  await refuses(directory, 'LOCKED', /is in use/);
  await writer(store).commit(put('k/0', 'x'));
});

test('a hole in the journal is refused, every time, and may be accepted', async (t) => {
  const directory = await usedDirectory(t);
  // Entries 1 and 102 are those of the two openings.
  await withDatabase(directory, (database) => database.del(keys.journal(150)));
  const read = () => withDatabase(directory, (database) => database.iterator().all());
  const before = await read();
  for (let attempt = 0; attempt < 2; attempt++) {
    await refuses(
      directory,
      'BATCHES_MISSING',
      /batch 150 is missing although batch 202 is there; restore a backup/,
    );
  }
  assert.deepEqual(await read(), before);

  const told: object[] = [];
  const logger = { info: () => undefined, error: (facts: object) => void told.push(facts) };
  const store = await openLevelStore({ directory, acceptLoss: true, logger });
  assert.deepEqual(told, [{ directory, lost: [150, 150] }]);
  assert.equal(store.epoch, 3);
  await store.close();
  assert.equal((await numbersIn(directory)).length, committed, 'the loss need not be accepted twice');
});

test('damage in the middle of the log, which LevelDB skips, is refused', async (t) => {
  const directory = await usedDirectory(t);
  const log = await logOf(directory);
  const bytes = await readFile(log);
  // The log of the second opening; the value of its commit 150.
  const at = bytes.indexOf('150'.repeat(30));
  bytes[at] = bytes[at]! ^ 0xff;
  await writeFile(log, bytes);
  // LevelDB drops what follows in the same block of 32 KiB too; the last commits lie in the next.
  await refuses(directory, 'BATCHES_MISSING', /are missing although batch \d+ is there|is missing although/);
  const left = await withDatabase(directory, (database) => database.keys({ gte: 'k/', lt: 'k0' }).all());
  assert.ok(
    left.includes('k/149') && !left.includes('k/150') && left.includes('k/199'),
    'a hole in the middle',
  );
});

test('damage at the end of the log is told, and is no reason to refuse', async (t) => {
  const directory = await usedDirectory(t);
  const log = await logOf(directory);
  const bytes = await readFile(log);
  bytes.fill(0, bytes.length - 100);
  await writeFile(log, bytes);
  const told: [facts: object, message: string][] = [];
  const logger = {
    info: () => undefined,
    error: (facts: object, message: string) => void told.push([facts, message]),
  };
  await (await openLevelStore({ directory, logger })).close();
  assert.equal(told.length, 1);
  const [{ dropped }, message] = told[0] as [{ dropped: string[] }, string];
  assert.match(message, /acknowledged batches may be gone/);
  assert.match(dropped.join(), /^dropping \d+ bytes; Corruption: /);

  const numbers = await numbersIn(directory);
  assert.deepEqual(numbers, [...numbers.keys()]);
  await (await openLevelStore({ directory, logger })).close();
  assert.equal(told.length, 1, 'told once');
});

test('a log cut off anywhere leaves a prefix of the commits', async (t) => {
  const directory = await usedDirectory(t);
  const { size } = await stat(await logOf(directory));
  const found = [];
  for (const kept of [0.999, 0.9, 0.71, 0.5, 0.25, 0.1]) {
    const copy = join(await temporaryDirectory(t), 'copy');
    await cp(directory, copy, { recursive: true });
    await truncate(await logOf(copy), Math.floor(size * kept));
    const numbers = await numbersIn(copy);
    assert.deepEqual(numbers, [...numbers.keys()], 'without gaps from 0');
    assert.ok(
      numbers.length >= committed / 2 && numbers.length < committed,
      'the cut took some, of this log only',
    );
    found.push(numbers.length);
  }
  assert.deepEqual(
    found,
    [...found].sort((a, b) => b - a),
  );
});

test('a log that is gone whole is refused, since the identity file counts openings', async (t) => {
  const directory = await usedDirectory(t);
  await truncate(await logOf(directory), 0);
  await refuses(
    directory,
    'BATCHES_MISSING',
    /the batches after 101 are missing, the database had been opened 2 times/,
  );
  const store = await openLevelStore({ directory, acceptLoss: true });
  assert.equal(store.epoch, 3, 'the epoch goes on all the same');
  await store.close();
  assert.equal((await numbersIn(directory)).length, committed / 2);
});

test('a crash at any point of the creation is made good by the next start', async (t) => {
  const after = {
    'the identity file': async (directory: string) => void (await createIdentity(directory)),
    'the directory of the database': async (directory: string) => {
      await createIdentity(directory);
      await mkdir(join(directory, 'db'));
      await writeFile(join(directory, 'db', 'MANIFEST-000001'), 'half');
    },
    'an empty database': async (directory: string) => {
      await createIdentity(directory);
      await withDatabase(directory, (database) => database.open());
    },
    'the first batch': async (directory: string) => {
      const store = await openLevelStore({ directory });
      await store.close();
      await replaceIdentity(directory, { ...(await readIdentity(directory))!, openings: 0 });
    },
  };
  for (const [what, crash] of Object.entries(after)) {
    const directory = await temporaryDirectory(t);
    await crash(directory);
    const store = await openLevelStore({ directory });
    await writer(store).commit(put('k/0', 'x'));
    await store.close();
    assert.deepEqual(await numbersIn(directory), [0], what);
    assert.ok((await readIdentity(directory))!.openings >= 2, what);
  }
});

test('a crash between the batch of an opening and the identity file is no loss', async (t) => {
  const directory = await usedDirectory(t);
  const identity = (await readIdentity(directory))!;
  await replaceIdentity(directory, { ...identity, openings: identity.openings - 1 });
  const store = await openLevelStore({ directory });
  assert.equal(store.epoch, 3);
  assert.equal((await readIdentity(directory))!.openings, 3);
  await store.close();
  const journal = await withDatabase(directory, (database) => database.keys(keys.journals()).all());
  assert.deepEqual(
    journal.map(lastNumber),
    Array.from({ length: committed + 3 }, (_, index) => index + 1),
  );
});
