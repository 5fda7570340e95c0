/** What LevelDB can repair, and what is said of what it can not. */
import assert from 'node:assert/strict';
import { cp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { Level } from 'level';
import { repair } from '../../server/doctor/repair.js';
import { openLevelStore } from '../../server/store/level.js';
import { EngineWorld } from '../engine/engine-world.js';
import { directoryContents } from '../store/directory-contents.js';
import { temporaryDirectory } from '../store/temporary-directory.js';
import { playBusily } from './busy-history.js';

interface Compacting {
  compactRange(first: string, last: string): Promise<void>;
}

/** A directory with a busy history, all of it in tables. */
async function busyDirectory(t: TestContext): Promise<string> {
  const world = await EngineWorld.open(t);
  await playBusily(world, 4, 40);
  const directory = join(await temporaryDirectory(t), 'data');
  await world.offline(() => cp(world.directory, directory, { recursive: true }));
  const database = new Level(join(directory, 'db'), { valueEncoding: 'view' });
  await database.open();
  await (database as unknown as Compacting).compactRange('!', '~');
  await database.close();
  return directory;
}

async function filesOf(directory: string, ending: string): Promise<string[]> {
  return (await readdir(join(directory, 'db')))
    .filter((name) => name.endsWith(ending))
    .map((name) => join(directory, 'db', name));
}

const now = new Date('2026-01-02T03:04:05.678Z');

test('a database without its manifest is repaired whole, and its files as they were are kept', async (t) => {
  const directory = await busyDirectory(t);
  const [manifest] = (await readdir(join(directory, 'db'))).filter((name) => name.startsWith('MANIFEST'));
  await rm(join(directory, 'db', manifest!));
  const before = await directoryContents(join(directory, 'db'));
  const { copy, lost, report } = await repair(directory, now);
  assert.equal(copy, join(directory, 'db-before-repair-2026-01-02T030405.678Z'));
  assert.deepEqual(await directoryContents(copy), before);
  assert.equal(lost, undefined, 'nothing could be read before');
  assert.deepEqual(report.findings, []);
  const store = await openLevelStore({ directory });
  await store.close();
});

test('a healthy database is none the worse for a repair', async (t) => {
  const directory = await busyDirectory(t);
  const { lost, report } = await repair(directory, now);
  assert.deepEqual([lost, report.findings], [[], []]);
});

test('what is in a table that can not be read is told as lost', async (t) => {
  const directory = await busyDirectory(t);
  const tables = await filesOf(directory, '.ldb');
  const [table] = tables.sort();
  const bytes = await readFile(table!);
  // Its footer: LevelDB can not find a thing in it.
  await writeFile(table!, bytes.fill(0, bytes.length - 48));
  const { lost, setAside, report } = await repair(directory, now);
  assert.ok(
    setAside.some((name) => name.endsWith(table!.split('/').at(-1)!)),
    setAside.join(),
  );
  assert.ok(lost === undefined || lost.length > 0);
  assert.ok(report.findings.length > 0, 'what is missing is found');
});
