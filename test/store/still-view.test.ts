/** A view of a directory that nobody uses: it changes nothing, and keeps others out while it is read. */
import assert from 'node:assert/strict';
import { mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { openLevelStore } from '../../server/store/level.js';
import { openStillView } from '../../server/store/still-view.js';
import { startCommitting } from './child-process.js';
import { directoryContents } from './directory-contents.js';
import { put, refusedAs, text, writer } from './store-access.js';
import { temporaryDirectory } from './temporary-directory.js';

async function used(t: TestContext): Promise<string> {
  const directory = join(await temporaryDirectory(t), 'data');
  const store = await openLevelStore({ directory });
  const write = writer(store);
  for (let i = 0; i < 20; i++) await write.commit(put(`k/${i}`, `value ${i}`));
  await store.close();
  return directory;
}

test('a view reads what is there, and leaves every file as it was', async (t) => {
  const directory = await used(t);
  const before = await directoryContents(directory);
  const view = await openStillView(directory);
  assert.equal(text((await view.get('k/7'))!), 'value 7');
  assert.deepEqual(
    (await view.getMany(['k/8', 'none'])).map((value) => value && text(value)),
    ['value 8', undefined],
  );
  const keys: string[] = [];
  for await (const [key] of view.iterate({ gte: 'k/', lt: 'k0' })) keys.push(key);
  assert.equal(keys.length, 20);
  assert.equal(view.record!.id, view.identity.id);
  await view.close();
  assert.deepEqual(await directoryContents(directory), before);
});

test('while a view is open no server opens the directory, and the other way round', async (t) => {
  const directory = await used(t);
  const view = await openStillView(directory);
  const child = startCommitting(directory, -1);
  t.after(() => child.killAfter(0));
  await assert.rejects(child.opened, /ended with 1 before it had opened/);
  await view.close();

  const other = startCommitting(directory, -1);
  t.after(() => other.killAfter(0));
  await other.opened;
  const before = await directoryContents(directory);
  await refusedAs('LOCKED', openStillView(directory));
  assert.deepEqual(await directoryContents(directory), before);
});

test('what this process itself has open is refused too, and stays locked to others', async (t) => {
  const directory = await used(t);
  const store = await openLevelStore({ directory });
  t.after(() => store.close());
  await refusedAs('LOCKED', openStillView(directory));
  const child = startCommitting(directory, -1);
  t.after(() => child.killAfter(0));
  await assert.rejects(child.opened, /ended with 1/);
});

test('what a view left behind that was killed goes with the next', async (t) => {
  const directory = await used(t);
  await mkdir(join(directory, 'view-999999-abcdef', 'db'), { recursive: true });
  await writeFile(join(directory, 'view-999999-abcdef', 'db', '000005.ldb'), 'x');
  await (await openStillView(directory)).close();
  assert.deepEqual((await readdir(directory)).sort(), ['db', 'wazir.json']);
});

test('what is no data directory is refused, and nothing is made of it', async (t) => {
  const directory = await temporaryDirectory(t);
  await refusedAs('FOREIGN_DIRECTORY', openStillView(directory));
  await refusedAs('FOREIGN_DIRECTORY', openStillView(join(directory, 'none')));
  assert.deepEqual(await readdir(directory), []);
  const lost = await used(t);
  await rm(join(lost, 'db'), { recursive: true });
  await refusedAs('DATABASE_MISSING', openStillView(lost));
});
