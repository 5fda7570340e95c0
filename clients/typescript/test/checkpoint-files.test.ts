import assert from 'node:assert/strict';
import { mkdtemp, mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, dirname, isAbsolute, join } from 'node:path';
import { test } from 'node:test';
import {
  checkpointPath,
  earlierCheckpoints,
  isSaved,
  makeRoom,
  removeCheckpoints,
} from '../src/checkpoint-files.js';

test('each attempt has a path of its own, below a folder of its study', () => {
  const path = checkpointPath('somewhere', { id: 'digits', uid: 'u1' }, 7, 2);
  assert.ok(isAbsolute(path));
  assert.ok(path.endsWith(join('somewhere', 'digits-u1', '7-2')));
});

test('a study id can not lead out of the folder or make a name too long', () => {
  const awkward = checkpointPath('/c', { id: 'ü\\..:*', uid: 'u1' }, 1, 1);
  assert.match(basename(dirname(awkward)), /^[A-Za-z0-9._-]+-u1$/);
  const long = checkpointPath('/c', { id: 'x'.repeat(256), uid: 'u1' }, 1, 1);
  assert.ok(basename(dirname(long)).length < 100);
});

test('earlier attempts at the same trial are found, others left alone', async (t) => {
  const directory = await mkdtemp(join(tmpdir(), 'wazir-client-'));
  t.after(() => rm(directory, { recursive: true }));
  const path = checkpointPath(directory, { id: 's', uid: 'u' }, 7, 3);
  assert.deepEqual(await earlierCheckpoints(path), []);
  makeRoom(path);
  const beside = (name: string) => join(dirname(path), name);
  for (const name of ['7-1', '7-3', '7-4', '17-1', '7-2.tmp', '77-2']) await writeFile(beside(name), '');
  await mkdir(beside('7-2'));
  await writeFile(join(beside('7-2'), 'weights'), '');
  assert.equal(await isSaved(path), true);
  const earlier = await earlierCheckpoints(path);
  assert.deepEqual(earlier.sort(), [beside('7-1'), beside('7-2')]);
  await removeCheckpoints([...earlier, beside('never-there')]);
  assert.deepEqual((await readdir(dirname(path))).sort(), ['17-1', '7-2.tmp', '7-3', '7-4', '77-2']);
});
