import assert from 'node:assert/strict';
import { readdir, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { Ballast, isOutOfSpace } from '../../server/store/ballast.js';
import { temporaryDirectory } from './temporary-directory.js';

const bytes = 3_000_000;

async function sizeIn(directory: string): Promise<number | undefined> {
  const names = await readdir(directory);
  return names.includes('ballast') ? (await stat(join(directory, 'ballast'))).size : undefined;
}

test('ballast takes up its space on the disk, and is given up once', async (t) => {
  const directory = await temporaryDirectory(t);
  const ballast = new Ballast(directory, bytes, 0);
  await ballast.start();
  await ballast.settled();
  assert.equal(await sizeIn(directory), bytes);
  const { blocks } = await stat(join(directory, 'ballast'));
  assert.ok(blocks * 512 >= bytes, 'no hole');
  assert.equal(await ballast.giveUp(), true);
  assert.equal(await sizeIn(directory), undefined);
  assert.equal(await ballast.giveUp(), false);
});

test('it is made again only where that leaves enough', async (t) => {
  const directory = await temporaryDirectory(t);
  const ballast = new Ballast(directory, bytes, 1000);
  await ballast.giveUp();
  ballast.makeWherePossible(() => bytes + 999);
  await ballast.settled();
  assert.equal(await sizeIn(directory), undefined);
  ballast.makeWherePossible(() => bytes + 1000);
  await ballast.settled();
  assert.equal(await sizeIn(directory), bytes);
});

test('half a ballast, of a crash, is made whole, and one that is not wanted goes', async (t) => {
  const directory = await temporaryDirectory(t);
  await writeFile(join(directory, 'ballast'), Buffer.alloc(100));
  const ballast = new Ballast(directory, bytes, 0);
  await ballast.start();
  await ballast.settled();
  assert.equal(await sizeIn(directory), bytes);
  const none = new Ballast(directory, 0, 0);
  await none.start();
  await none.settled();
  assert.equal(await sizeIn(directory), undefined);
});

test('want of space is known by code and by word, however it is wrapped', () => {
  const coded = Object.assign(new Error('x'), { code: 'ENOSPC' });
  for (const error of [
    coded,
    new Error('outer', { cause: coded }),
    new Error('IO error: /d/000005.ldb: No space left on device'),
    Object.assign(new Error('x'), { code: 'EDQUOT' }),
  ])
    assert.equal(isOutOfSpace(error), true, error.message);
  for (const error of [new Error('x'), undefined, 'No space left on device'])
    assert.equal(isOutOfSpace(error), false);
});
