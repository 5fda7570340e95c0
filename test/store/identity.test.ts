import assert from 'node:assert/strict';
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { createIdentity, currentFormat, readIdentity, replaceIdentity } from '../../server/store/identity.js';
import { directoryContents } from './directory-contents.js';
import { temporaryDirectory } from './temporary-directory.js';

test('an empty, a missing and a freshly formatted directory get an identity', async (t) => {
  const parent = await temporaryDirectory(t);
  await mkdir(join(parent, 'empty'));
  await mkdir(join(parent, 'formatted', 'lost+found'), { recursive: true });
  const ids = new Set<string>();
  for (const name of ['empty', 'missing', 'deep/er/missing', 'formatted']) {
    const directory = join(parent, name);
    assert.equal(await readIdentity(directory), undefined);
    const identity = await createIdentity(directory);
    assert.deepEqual(identity, { format: currentFormat, id: identity.id, openings: 0 });
    assert.deepEqual(await readIdentity(directory), identity);
    assert.deepEqual(
      (await readdir(directory)).filter((entry) => entry !== 'lost+found'),
      ['wazir.json'],
      'no draft is left',
    );
    ids.add(identity.id);
  }
  assert.equal(ids.size, 4);
});

test('of those who create it at once one wins, for all', async (t) => {
  const directory = join(await temporaryDirectory(t), 'data');
  const identities = await Promise.all(Array.from({ length: 20 }, () => createIdentity(directory)));
  const stored = await readIdentity(directory);
  for (const identity of identities) assert.deepEqual(identity, stored);
});

test('a crash while it was drafted does not lock the directory', async (t) => {
  const directory = await temporaryDirectory(t);
  await writeFile(join(directory, 'wazir.json.new-1234'), '{"form');
  const { id } = await createIdentity(directory);
  assert.equal((await readIdentity(directory))?.id, id);
});

test('a directory of somebody else is refused, untouched', async (t) => {
  const directory = await temporaryDirectory(t);
  await writeFile(join(directory, 'notes.txt'), 'mine');
  const before = await directoryContents(directory);
  await assert.rejects(createIdentity(directory), { reason: 'FOREIGN_DIRECTORY', message: /"notes\.txt"/ });
  assert.deepEqual(await directoryContents(directory), before);
});

test('what is not a directory is refused', async (t) => {
  const path = join(await temporaryDirectory(t), 'file');
  await writeFile(path, '');
  await assert.rejects(readIdentity(path), { reason: 'DIRECTORY_UNUSABLE' });
  await assert.rejects(createIdentity(path), { reason: 'DIRECTORY_UNUSABLE' });
});

test('it is replaced', async (t) => {
  const directory = await temporaryDirectory(t);
  const identity = { ...(await createIdentity(directory)), openings: 7 };
  await replaceIdentity(directory, identity);
  assert.deepEqual(await readIdentity(directory), identity);
  assert.deepEqual(await readdir(directory), ['wazir.json']);
  await rm(directory, { recursive: true });
  await assert.rejects(replaceIdentity(directory, identity), { reason: 'DIRECTORY_UNUSABLE' });
});

test('what is no identity is refused, and that of a later format by name', async (t) => {
  const directory = await temporaryDirectory(t);
  const path = join(directory, 'wazir.json');
  const texts = [
    '',
    'null',
    '[]',
    '{"format":1,"id":"x"',
    '{"format":1,"openings":1}',
    '{"format":1,"id":"","openings":1}',
    '{"format":1,"id":"x","openings":-1}',
    '{"format":1,"id":"x","openings":1.5}',
    '{"format":"1","id":"x","openings":1}',
  ];
  for (const text of texts) {
    await writeFile(path, text);
    await assert.rejects(
      readIdentity(directory),
      { name: 'StoreOpenError', reason: 'IDENTITY_UNREADABLE' },
      text,
    );
    assert.equal(await readFile(path, 'utf8'), text);
  }
  await writeFile(path, `{"format":${currentFormat + 1},"something":"else"}`);
  await assert.rejects(readIdentity(directory), {
    reason: 'NEWER_FORMAT',
    message: /has format 2, this release knows up to 1; run the release that wrote it/,
  });
});
