/** Migrations, with made-up ones over a real database: none has been needed yet. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { Level } from 'level';
import { DatabaseRecord } from '../../server/gen/wazir/internal/v1/records.js';
import { seal, sealed } from '../../server/store/checksum.js';
import { readerOf } from '../../server/store/database-reader.js';
import { keys } from '../../server/store/keys.js';
import { openLevelStore } from '../../server/store/level.js';
import { migrate, type MigrationTarget } from '../../server/store/migrations/migrate.js';
import type { Migration } from '../../server/store/migrations/migration.js';
import type { Op } from '../../server/store/store.js';
import { Damage } from '../doctor/damage.js';
import { refusedAs } from './store-access.js';
import { temporaryDirectory } from './temporary-directory.js';

const records = 25;
const atOnce = 4;

/** Adds its number to every value, some at once: seen twice if it were done twice. */
function adding(to: number): Migration {
  return {
    to,
    summary: `adds ${to}`,
    async batch(database, from) {
      const ops: Op[] = [];
      let last = '';
      for await (const [key, value] of database.iterate({
        gt: from === '' ? 'k/' : from,
        lt: 'k0',
        limit: atOnce,
      })) {
        ops.push({ type: 'put', key, value: Buffer.concat([value, Buffer.from(String(to))]) });
        last = key;
      }
      return { ops, next: ops.length === atOnce ? last : undefined };
    },
  };
}

const list = [adding(2), adding(3)];
/** Six full batches and one of the last record. */
const batches = 2 * 7;

class Crash extends Error {}

/** Writes so many batches, then crashes: before or after the write that was the last. */
function target(database: Level<string, Uint8Array>, writes: number, after: boolean): MigrationTarget {
  return {
    ...readerOf(database),
    async write(ops, record) {
      if (writes === 0 && !after) throw new Crash();
      await database.batch([record, ...ops.map(sealed)], { sync: true });
      if (writes-- === 0) throw new Crash();
    },
  };
}

async function fresh(t: TestContext): Promise<string> {
  const path = join(await temporaryDirectory(t), 'db');
  const database = new Level<string, Uint8Array>(path, { valueEncoding: 'view' });
  for (let i = 0; i < records; i++) {
    const key = `k/${String(i).padStart(2, '0')}`;
    await database.put(key, seal(key, Buffer.from('1')));
  }
  const record = DatabaseRecord.fromPartial({ format: 1, id: 'a', openings: 5 });
  await database.put(keys.database, DatabaseRecord.encode(record).finish());
  await database.close();
  return path;
}

/** Opens the database, runs what is to be run from what stands in it, and closes it. */
async function run(path: string, migrations: readonly Migration[], writes = Infinity, after = false) {
  const database = new Level<string, Uint8Array>(path, { valueEncoding: 'view' });
  try {
    const stored: Uint8Array | undefined = await database.get(keys.database);
    return await migrate(target(database, writes, after), DatabaseRecord.decode(stored), migrations);
  } finally {
    await database.close();
  }
}

async function contents(path: string): Promise<[values: Set<string>, record: DatabaseRecord]> {
  const database = new Level<string, Uint8Array>(path, { valueEncoding: 'view' });
  const values = new Set<string>();
  let count = 0;
  for await (const [, value] of readerOf(database).iterate({ gt: 'k/', lt: 'k0' })) {
    values.add(Buffer.from(value).toString());
    count++;
  }
  assert.equal(count, records);
  const record = DatabaseRecord.decode(await database.get(keys.database));
  await database.close();
  return [values, record];
}

const done = DatabaseRecord.fromPartial({ format: 3, id: 'a', openings: 5 });

test('all that lies between two formats is run, in order, once', async (t) => {
  const path = await fresh(t);
  assert.deepEqual(await run(path, list), done);
  assert.deepEqual(await contents(path), [new Set(['123']), done]);
  assert.deepEqual(await run(path, list, 0), done, 'nothing is written where nothing is to be done');
  assert.deepEqual(await contents(path), [new Set(['123']), done]);
});

test('after a crash at any batch it goes on where it was', async (t) => {
  for (const after of [false, true])
    for (let crash = 0; crash < batches; crash++) {
      const path = await fresh(t);
      await assert.rejects(run(path, list, crash, after), Crash);
      const [values, half] = await contents(path);
      const written = crash + (after ? 1 : 0);
      assert.equal(half.format, written < 7 ? 1 : written < 14 ? 2 : 3, 'raised with the last batch alone');
      assert.equal(half.migration !== undefined, written % 7 !== 0, 'and said to be under way between');
      assert.ok(values.size <= 2);
      assert.deepEqual(await run(path, list), done);
      assert.deepEqual(await contents(path), [new Set(['123']), done], `batch ${crash}`);
    }
});

test('a release that does not know where a migration leads refuses the database', async (t) => {
  const directory = join(await temporaryDirectory(t), 'data');
  await (await openLevelStore({ directory })).close();
  await Damage.with(directory, async (by) => {
    const record = DatabaseRecord.decode((await by.raw(keys.database))!);
    const half = { ...record, migration: { to: 2, next: 'somewhere' } };
    await by.putRaw(keys.database, DatabaseRecord.encode(half).finish());
  });
  await refusedAs('NEWER_FORMAT', openLevelStore({ directory }));
});
