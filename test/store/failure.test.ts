/** A write that really fails: the operating system refuses to let a file of this process grow. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { openLevelStore } from '../../server/store/level.js';
import type { Store } from '../../server/store/store.js';
import { entries, put, refusedAs, textAt, writer } from './store-access.js';
import { temporaryDirectory } from './temporary-directory.js';

/** Writes past so many bytes of a file fail with EFBIG; node ignores the signal that comes with it. */
function limitFileSize(bytes: number | 'unlimited'): void {
  execFileSync('prlimit', ['--pid', `${process.pid}`, `--fsize=${bytes}:unlimited`]);
}

async function logSize(directory: string): Promise<number> {
  const names = await readdir(join(directory, 'db'));
  const sizes = names
    .filter((name) => name.endsWith('.log'))
    .map((name) => stat(join(directory, 'db', name)));
  return Math.max(...(await Promise.all(sizes)).map(({ size }) => size));
}

const value = 'x'.repeat(10_000);
const numbers = async (store: Store) =>
  (await entries(store, { gte: 'k/', lt: 'k0' })).map(([key]) => Number(key.slice(2)));

test('after a failed write the store stops until it is reopened', async (t) => {
  const directory = await temporaryDirectory(t);
  const logged: string[] = [];
  const logger = { info: () => undefined, error: (_: object, message: string) => void logged.push(message) };
  const store = await openLevelStore({ directory, logger });
  t.after(() => store.close());
  const write = writer(store);
  await write.commit(put('k/000', value), put('k/001', value));
  const iterating = store.iterate({ gte: 'k/', lt: 'k0' })[Symbol.asyncIterator]();
  await iterating.next();

  const heard: string[] = [];
  store.onFailure((cause) => {
    heard.push('first listener');
    assert.ok(cause instanceof Error);
    assert.equal(store.healthy, false);
    throw new Error('a listener with a bug');
  });
  store.onFailure(() => heard.push('second listener'));

  t.after(() => Promise.resolve(limitFileSize('unlimited')));
  limitFileSize((await logSize(directory)) + 200_000);
  // More than one batch takes: some wait while the first fails.
  const callers = Array.from({ length: 300 }, async (_, index) => {
    const number = String(index + 2).padStart(3, '0');
    await refusedAs('COMMIT_OUTCOME_UNKNOWN', write.commit(put(`k/${number}`, value)));
    heard.push('caller');
  });
  await Promise.all(callers);
  limitFileSize('unlimited');
  assert.deepEqual(heard, ['first listener', 'second listener', ...callers.map(() => 'caller')]);
  assert.deepEqual(logged, [
    'a commit failed; the database must be reopened',
    'a listener to failed commits threw',
  ]);

  assert.equal(store.healthy, false);
  await refusedAs('STORE_UNAVAILABLE', writer(store, 'other').commit(put('k/late', 'x')));
  await refusedAs('STORE_UNAVAILABLE', store.get('k/000'));
  await refusedAs('STORE_UNAVAILABLE', store.getMany(['k/000']));
  await refusedAs('STORE_UNAVAILABLE', entries(store, {}));
  await refusedAs('STORE_UNAVAILABLE', iterating.next());

  const { epoch } = store;
  await store.reopen();
  assert.equal(store.healthy, true);
  assert.ok(store.epoch > epoch);
  const there = await numbers(store);
  assert.ok(there.length >= 2, 'what was acknowledged is there');
  assert.deepEqual(there, [...there.keys()], 'of the rest, the first batch or nothing');
  await writer(store).commit(put('k/after', 'x'));
  assert.equal(await textAt(store, 'k/after'), 'x');
  assert.deepEqual(heard.filter((who) => who.endsWith('listener')).length, 2, 'one failure is told once');
});

test('a reopening that fails can be tried again', async (t) => {
  const directory = await temporaryDirectory(t);
  const store = await openLevelStore({ directory });
  t.after(() => store.close());
  const write = writer(store);
  await write.commit(put('k/000', 'x'));
  t.after(() => Promise.resolve(limitFileSize('unlimited')));
  limitFileSize(10);
  await refusedAs('COMMIT_OUTCOME_UNKNOWN', write.commit(put('k/001', value)));
  await refusedAs('DATABASE_DAMAGED', store.reopen());
  assert.equal(store.healthy, false);
  await refusedAs('STORE_UNAVAILABLE', store.get('k/000'));
  limitFileSize('unlimited');
  await store.reopen();
  assert.equal(store.healthy, true);
  assert.equal(await textAt(store, 'k/000'), 'x');
});

test('below the floor of free space commits are refused, and the store is well', async (t) => {
  const directory = await temporaryDirectory(t);
  const roomy = await openLevelStore({ directory });
  await writer(roomy).commit(put('k/000', 'x'));
  await roomy.close();

  const store = await openLevelStore({ directory, freeSpaceFloorBytes: Number.MAX_SAFE_INTEGER });
  t.after(() => store.close());
  const commit = () =>
    store.commit({
      studyUid: 'u',
      epoch: store.epoch,
      expectedSequence: 5,
      sequence: 6,
      ops: [put('k/001', 'x')],
    });
  await refusedAs('LIMIT_EXCEEDED', commit());
  await refusedAs('LIMIT_EXCEEDED', commit());
  assert.equal(store.healthy, true);
  assert.deepEqual(await numbers(store), [0]);
  await store.close();

  const unchecked = await openLevelStore({ directory, freeSpaceFloorBytes: 0 });
  t.after(() => unchecked.close());
  await writer(unchecked).commit(put('k/001', 'x'));
  assert.deepEqual(await numbers(unchecked), [0, 1]);
});
