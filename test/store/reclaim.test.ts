/** The space of what was deleted comes back without further writes. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { openLevelStore } from '../../server/store/level.js';
import { Reclaim } from '../../server/store/reclaim.js';
import type { Op } from '../../server/store/store.js';
import { del } from './store-access.js';
import { temporaryDirectory } from './temporary-directory.js';

test('ranges are kept apart by what they are of, and run when it is worth it', async () => {
  const compacted: [string, string][] = [];
  const reclaim = new Reclaim(async (first, last) => void compacted.push([first, last]));
  reclaim.note(
    [del('m/a/2'), del('m/a/1'), del('m/b/7'), { type: 'put', key: 'c/a/1', value: new Uint8Array() }],
    false,
  );
  reclaim.note([del('m/a/3')], false);
  await reclaim.settled();
  assert.deepEqual(compacted, [], 'a few deletions are not worth it');
  reclaim.note([del('t/a/1')], true);
  await reclaim.settled();
  assert.deepEqual(compacted.splice(0), [
    ['m/a/1', 'm/a/3'],
    ['m/b/7', 'm/b/7'],
    ['t/a/1', 't/a/1'],
  ]);
  reclaim.start();
  await reclaim.settled();
  assert.deepEqual(compacted, [], 'once');
  reclaim.note(
    Array.from({ length: 10_000 }, (_, i) => del(`m/c/${i}`)),
    false,
  );
  await reclaim.settled();
  assert.equal(compacted.length, 1, 'many are');
});

test('what fails is left to the commit that fails for the same reason', async () => {
  const reclaim = new Reclaim(() => Promise.reject(new Error('IO error')));
  reclaim.note([del('m/a/1')], true);
  await reclaim.settled();
});

test('a store shrinks after deletions that make space, without a write that follows', async (t) => {
  const directory = await temporaryDirectory(t);
  const store = await openLevelStore({ directory, freeSpaceFloorBytes: 0 });
  t.after(() => store.close());
  const size = async () => {
    const names = await readdir(join(directory, 'db'));
    const sizes = names.map((name) =>
      stat(join(directory, 'db', name)).then(
        (found) => found.size,
        () => 0,
      ),
    );
    return (await Promise.all(sizes)).reduce((sum, each) => sum + each, 0);
  };
  const { epoch } = store;
  const commit = (ops: Op[], makesSpace = false) =>
    store.commit({ studyUid: 'u', epoch, expectedSequence: 0, sequence: 0, ops, makesSpace });
  const keys = Array.from({ length: 12_000 }, (_, i) => `m/u/${String(i).padStart(5, '0')}`);
  for (let at = 0; at < keys.length; at += 500)
    await commit(keys.slice(at, at + 500).map((key) => ({ type: 'put', key, value: randomBytes(2000) })));
  const full = await size();
  assert.ok(full > 20_000_000, `${full}`);
  for (let at = 0; at < keys.length; at += 500) await commit(keys.slice(at, at + 500).map(del), true);
  for (const deadline = Date.now() + 30_000; (await size()) > full / 4; await setTimeout(20))
    assert.ok(Date.now() < deadline, `${await size()} of ${full} bytes are left`);
});
