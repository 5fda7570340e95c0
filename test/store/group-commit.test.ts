import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { GroupCommit } from '../../server/store/group-commit.js';
import type { Op } from '../../server/store/store.js';
import { put } from './store-access.js';

/** A disk that finishes a write when it is told to. */
function slowDisk() {
  const written: string[][] = [];
  const under: { done: () => void; fail: (cause: unknown) => void }[] = [];
  const write = (ops: Op[]) => {
    written.push(ops.map((op) => op.key));
    return new Promise<void>((done, fail) => under.push({ done, fail }));
  };
  /** The write that is under way. */
  const current = async () => {
    while (under.length === 0) await setImmediate();
    return under.shift()!;
  };
  return { written, write, current };
}

test('what comes in one turn, or while a write is under way, becomes one batch', async () => {
  const disk = slowDisk();
  const group = new GroupCommit(disk.write, (cause) => cause);
  const first = Promise.all([group.add([put('a', '')], 1), group.add([put('b', ''), put('c', '')], 2)]);
  const write = await disk.current();
  const second = Promise.all([group.add([put('d', '')], 1), group.add([put('e', '')], 1)]);
  await setImmediate();
  assert.deepEqual(disk.written, [['a', 'b', 'c']], 'one at a time');
  write.done();
  await first;
  (await disk.current()).done();
  await second;
  await group.idle();
  assert.deepEqual(disk.written, [
    ['a', 'b', 'c'],
    ['d', 'e'],
  ]);
});

test('a batch is closed at a mebibyte, but takes any one commit', async () => {
  const disk = slowDisk();
  const group = new GroupCommit(disk.write, (cause) => cause);
  const sizes = [2 ** 21, 2 ** 19, 2 ** 19, 1];
  const all = sizes.map((bytes, index) => group.add([put(`${index}`, '')], bytes));
  for (let batch = 0; batch < 3; batch++) (await disk.current()).done();
  await Promise.all(all);
  assert.deepEqual(disk.written, [['0'], ['1', '2'], ['3']]);
});

test('a commit that follows at once on another is written too', async () => {
  const group = new GroupCommit(
    async () => undefined,
    (cause) => cause,
  );
  for (let round = 0; round < 100; round++) await group.add([put('a', '')], 1);
  await group.idle();
});

test('after a failure nothing is written, and all who wait hear of it after the owner', async () => {
  const disk = slowDisk();
  const heard: string[] = [];
  const group = new GroupCommit(disk.write, (cause) => {
    heard.push(`owner: ${String(cause)}`);
    return 'outcome unknown';
  });
  const listen = (name: string, added: Promise<void>) =>
    added.then(
      () => heard.push(`${name} resolved`),
      (reason) => heard.push(`${name}: ${String(reason)}`),
    );
  const a = listen('a', group.add([put('a', '')], 1));
  const write = await disk.current();
  const b = listen('b', group.add([put('b', '')], 1));
  write.fail('no space');
  await Promise.all([a, b, group.idle()]);
  assert.deepEqual(heard, ['owner: no space', 'a: outcome unknown', 'b: outcome unknown']);
  assert.deepEqual(disk.written, [['a']]);
});
