import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { Level } from 'level';
import { keys, lastNumber } from '../../server/store/keys.js';
import { openLevelStore } from '../../server/store/level.js';
import type { Store } from '../../server/store/store.js';
import { storeConformance } from './conformance.js';
import { put, writer } from './store-access.js';
import { temporaryDirectory } from './temporary-directory.js';

/** The journal has one entry a batch. */
async function batches(store: Store): Promise<number> {
  for await (const [key] of store.iterate({ ...keys.journals(), reverse: true, limit: 1 }))
    return lastNumber(key);
  assert.fail('an empty journal');
}

storeConformance('LevelDB', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'wazir-store-'));
  let store = await openLevelStore({ directory });
  return {
    store,
    restart: async () => {
      await store.close();
      store = await openLevelStore({ directory });
      return store;
    },
    batches,
    dispose: async () => {
      await store.close();
      await rm(directory, { recursive: true, force: true });
    },
  };
});

test('every batch is synced, that of the opening included', async (t) => {
  // Watched and not replaced: only a power cut would show the difference.
  const options: unknown[] = [];
  // eslint-disable-next-line @typescript-eslint/unbound-method -- bound anew at each call
  const original: unknown = Level.prototype.batch;
  t.mock.method(Level.prototype, 'batch', function (this: unknown, ...given: unknown[]): unknown {
    const result = Reflect.apply(original as Callable, this, given);
    if (given.length > 0) options.push(given[1]);
    else watchWrite(result as Chained, options);
    return result;
  });
  const store = await openLevelStore({ directory: await temporaryDirectory(t) });
  t.after(() => store.close());
  await writer(store).commit(put('k/a', 'x'));
  await writer(store, 'other').commit(put('k/b', 'x'));
  assert.deepEqual(options, [{ sync: true }, { sync: true }, { sync: true }]);
});

type Callable = (...given: unknown[]) => unknown;

interface Chained {
  write(options: unknown): Promise<void>;
}

/** Notes with which options a chained batch is written. */
function watchWrite(batch: Chained, options: unknown[]): void {
  const write = batch.write.bind(batch);
  batch.write = (given) => {
    options.push(given);
    return write(given);
  };
}
