/**
 * kill -9 under load: what was acknowledged is there, whole. It shows nothing
 * about power cuts: what the process wrote outlives it, synced or not.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { keys, lastNumber } from '../../server/store/keys.js';
import { openLevelStore } from '../../server/store/level.js';
import type { Store } from '../../server/store/store.js';
import { startCommitting } from './child-process.js';
import { numberedValue } from './numbered-commit.js';
import { entries } from './store-access.js';
import { temporaryDirectory } from './temporary-directory.js';

const seed = Number(process.env['WAZIR_TEST_SEED'] ?? 20);

test('every acknowledged commit outlives kill -9, and none is torn', async (t) => {
  const directory = await temporaryDirectory(t);
  const rounds = fc.sample(fc.integer({ min: 1, max: 4000 }), { seed, numRuns: 6 });
  const acknowledged = new Set<number>();
  let first = 0;
  for (const [round, count] of rounds.entries()) {
    const child = startCommitting(directory, first);
    await child.opened;
    await child.killAfter(count);
    assert.ok(child.acknowledged.length >= count, 'it was killed, and did not end by itself');
    for (const number of child.acknowledged) acknowledged.add(number);

    const store = await openLevelStore({ directory });
    t.after(() => store.close());
    assert.equal(store.epoch, 2 * (round + 1), 'the child opened it once, and so did we');
    const found = await commits(store);
    const lost = [...acknowledged].filter((number) => !found.has(number));
    assert.deepEqual(lost, []);
    await checkJournal(store);
    await store.close();
    first = Math.max(...found, ...acknowledged) + 1;
    t.diagnostic(
      `seed ${seed}, round ${round}: killed at ${count} acknowledged, ${child.acknowledged.length} when it was dead; ` +
        `${acknowledged.size} acknowledged in all, ${found.size} found, ${lost.length} lost`,
    );
  }
});

/** The numbers of the commits that are there; fails where one is not whole. */
async function commits(store: Store): Promise<Set<number>> {
  const found = new Map<number, string[]>();
  for await (const [key, value] of store.iterate({ gte: 'k/', lt: 'k0' })) {
    const [, number, part] = key.split('/');
    const parts = found.get(Number(number)) ?? [];
    found.set(Number(number), [...parts, part!]);
    assert.ok(Buffer.from(value).equals(numberedValue(Number(number))), `the value of ${key}`);
  }
  for (const [number, parts] of found) assert.deepEqual(parts, ['a', 'b'], `commit ${number}`);
  for (const [key, number] of await entries(store, { gte: 'last/', lt: 'last0' })) {
    assert.ok(found.has(Number(number)), `${key} is of a commit that is there`);
  }
  return new Set(found.keys());
}

/** What opening checks, once more and from the outside. */
async function checkJournal(store: Store): Promise<void> {
  const numbers: number[] = [];
  for await (const [key] of store.iterate(keys.journals())) numbers.push(lastNumber(key));
  assert.deepEqual(
    numbers,
    Array.from(numbers, (_, index) => numbers[0]! + index),
  );
}
