/** What every store must do: the guarantees of `server/store/store.ts`. */
import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import type { Store } from '../../server/store/store.js';
import { iterationConformance } from './iteration-conformance.js';
import { del, entries, put, refusedAs, text, textAt, writer } from './store-access.js';
import type { StoreUnderTest, Use } from './store-under-test.js';

const openings: readonly [name: string, open: (made: StoreUnderTest) => Promise<Store>][] = [
  ['fresh', async ({ store }) => store],
  [
    'reopened',
    async ({ store }) => {
      await fill(store);
      await store.reopen();
      return store;
    },
  ],
  [
    'restarted',
    async ({ store, restart }) => {
      await fill(store);
      return restart();
    },
  ],
];

/** Declares the suite; `make` gives a store without data each time. */
export function storeConformance(name: string, make: () => Promise<StoreUnderTest>): void {
  for (const [state, open] of openings) {
    describe(`${name}, ${state}`, () => {
      const use = async (t: TestContext) => {
        const made = await make();
        t.after(() => made.dispose());
        return { ...made, store: await open(made) };
      };
      reading(use);
      committing(use);
      iterationConformance(use);
      refusing(use);
    });
  }
}

function reading(use: Use): void {
  it('gives back what was put, until it is deleted', async (t) => {
    const { store } = await use(t);
    await writer(store).commit(put('k/a', 'first'), put('k/empty', ''), put('k/c', 'third'));
    assert.equal(await textAt(store, 'k/a'), 'first');
    assert.equal(await textAt(store, 'k/empty'), '');
    assert.equal(await store.get('k/missing'), undefined);

    await writer(store, 'other').commit(del('k/a'), del('k/never there'), put('k/c', 'new'));
    assert.equal(await store.get('k/a'), undefined);
    assert.equal(await textAt(store, 'k/c'), 'new');
  });

  it('reads several keys in the order asked for', async (t) => {
    const { store } = await use(t);
    await writer(store).commit(put('k/a', '1'), put('k/b', '2'));
    const values = await store.getMany(['k/b', 'k/missing', 'k/a', 'k/b']);
    assert.deepEqual(
      values.map((value) => value && text(value)),
      ['2', undefined, '1', '2'],
    );
    assert.deepEqual(await store.getMany([]), []);
  });

  it('keeps every byte of large values and large batches', async (t) => {
    const { store, restart } = await use(t);
    const large = Uint8Array.from({ length: 5_000_000 }, (_, index) => (index * 31) & 0xff);
    const many = Array.from({ length: 5000 }, (_, index) => put(`k/many/${index}`, `value ${index}`));
    const write = writer(store);
    await Promise.all([write.commit({ type: 'put', key: 'k/large', value: large }), write.commit(...many)]);
    const check = async (opened: Store) => {
      assert.ok(Buffer.from((await opened.get('k/large'))!).equals(large));
      assert.equal((await entries(opened, { gte: 'k/many/', lt: 'k/many0' })).length, many.length);
    };
    await check(store);
    await check(await restart());
  });
}

function committing(use: Use): void {
  it('has on disk what commit has resolved', async (t) => {
    const { store, restart } = await use(t);
    const write = writer(store);
    for (let round = 0; round < 5; round++)
      await write.commit(put(`k/${round}`, `${round}`), put('k/last', `${round}`));
    const later = await restart();
    assert.equal(later.healthy, true);
    assert.deepEqual(await entries(later, { gte: 'k/', lt: 'k0' }), [
      ...[0, 1, 2, 3, 4].map((round) => [`k/${round}`, `${round}`]),
      ['k/last', '4'],
    ]);
  });

  it('merges concurrent commits into few batches, and keeps their order', async (t) => {
    const { store, batches } = await use(t);
    const before = await batches(store);
    const resolved: number[] = [];
    const writers = Array.from({ length: 300 }, (_, index) => writer(store, `study${index}`));
    await Promise.all(
      writers.map(async (write, index) => {
        await write.commit(put(`k/${index}`, 'x'), put('k/last', `${index}`));
        resolved.push(index);
      }),
    );
    assert.deepEqual(resolved, [...writers.keys()]);
    assert.equal(await textAt(store, 'k/last'), '299');
    assert.equal((await entries(store, { gte: 'k/', lt: 'k0' })).length, 301);
    assert.ok((await batches(store)) - before <= 3, 'one batch, or little more');
  });

  it('takes commits that rest on one that still waits', async (t) => {
    const { store } = await use(t);
    const write = writer(store);
    await Promise.all(Array.from({ length: 50 }, (_, index) => write.commit(put('k/value', `${index}`))));
    assert.equal(await textAt(store, 'k/value'), '49');
  });

  it('lets the later operation on a key win within a batch', async (t) => {
    const { store } = await use(t);
    await writer(store).commit(
      put('k/twice', 'old'),
      put('k/twice', 'new'),
      put('k/gone', 'x'),
      del('k/gone'),
      del('k/back'),
      put('k/back', 'y'),
    );
    assert.deepEqual(await entries(store, { gte: 'k/', lt: 'k0' }), [
      ['k/back', 'y'],
      ['k/twice', 'new'],
    ]);
  });

  it('shows batches whole and in order to those who read meanwhile', async (t) => {
    const { store } = await use(t);
    const write = writer(store);
    const count = 400;
    let resolved = -1;
    let done = false;
    const writing = (async () => {
      for (let first = 0; first < count; first += 20) {
        const group = Array.from({ length: 20 }, async (_, offset) => {
          const index = first + offset;
          await write.commit(put('k/a', `${index}`), put(`k/m/${index}`, 'x'), put('k/z', `${index}`));
          resolved = index;
        });
        await Promise.all(group);
      }
      done = true;
    })();
    let seen = -1;
    while (!done) {
      const atLeast = resolved;
      const [a, z] = (await store.getMany(['k/a', 'k/z'])).map((value) => Number(value ? text(value) : -1));
      assert.equal(a, z);
      assert.ok(a! >= atLeast && a! >= seen, 'nothing resolved is missing, nothing goes back');
      seen = a!;
      const state = new Map(await entries(store, { gte: 'k/', lt: 'k0' }));
      const last = Number(state.get('k/z') ?? -1);
      assert.equal(state.get('k/a') ?? '-1', `${last}`);
      assert.equal(state.size, last < 0 ? 0 : last + 3, 'all batches up to the last one seen, and no other');
    }
    await writing;
  });

  it('finishes what waits when it is closed, and takes nothing afterwards', async (t) => {
    const { store, restart } = await use(t);
    const write = writer(store);
    const pending = Array.from({ length: 100 }, (_, index) => write.commit(put(`k/${index}`, 'x')));
    const closing = store.close();
    assert.equal(store.healthy, false);
    await refusedAs('STORE_UNAVAILABLE', write.commit(put('k/late', 'x')));
    await Promise.all(pending);
    await closing;
    await store.close();
    await refusedAs('STORE_UNAVAILABLE', store.get('k/0'));
    await refusedAs('STORE_UNAVAILABLE', store.getMany(['k/0']));
    await refusedAs('STORE_UNAVAILABLE', entries(store, {}));
    await refusedAs('STORE_UNAVAILABLE', store.reopen());
    const later = await restart();
    assert.equal((await entries(later, { gte: 'k/', lt: 'k0' })).length, 100);
  });
}

function refusing(use: Use): void {
  it('refuses what was decided at another sequence number, without effect', async (t) => {
    const { store } = await use(t);
    const commit = (expectedSequence: number, sequence: number, value: string) =>
      store.commit({
        studyUid: 'u',
        epoch: store.epoch,
        expectedSequence,
        sequence,
        ops: [put('k/v', value)],
      });
    await commit(41, 43, 'the first of an opening is taken as it comes');
    await refusedAs('STORE_UNAVAILABLE', commit(41, 44, 'behind'));
    await refusedAs('STORE_UNAVAILABLE', commit(44, 45, 'ahead'));
    await commit(43, 43, 'bookkeeping');
    assert.equal(await textAt(store, 'k/v'), 'bookkeeping');
    // Of commits that wait, the first takes the number.
    const [first, second] = await Promise.allSettled([commit(43, 44, 'taken'), commit(43, 44, 'refused')]);
    assert.deepEqual([first.status, second.status], ['fulfilled', 'rejected']);
    assert.equal(await textAt(store, 'k/v'), 'taken');
    assert.equal(store.healthy, true);
    await commit(44, 45, 'goes on');
    // Another study has its own.
    await writer(store, 'v').commit(put('k/w', 'x'));
  });

  it('refuses what was decided in another opening, without effect', async (t) => {
    const { store, restart } = await use(t);
    const commit = (store: Store, epoch: number, expectedSequence: number) =>
      store.commit({
        studyUid: 'u',
        epoch,
        expectedSequence,
        sequence: expectedSequence + 1,
        ops: [put('k/v', `${epoch}`)],
      });
    const first = store.epoch;
    assert.ok(Number.isSafeInteger(first) && first >= 1);
    await commit(store, first, 0);
    await refusedAs('STORE_UNAVAILABLE', commit(store, first - 1, 1));
    await refusedAs('STORE_UNAVAILABLE', commit(store, first + 1, 1));

    await store.reopen();
    const second = store.epoch;
    assert.ok(second > first);
    await refusedAs('STORE_UNAVAILABLE', commit(store, first, 1));
    assert.equal(await textAt(store, 'k/v'), `${first}`);
    // As after a commit whose outcome was unknown: where the study is, its records alone tell.
    await commit(store, second, 7);
    await refusedAs('STORE_UNAVAILABLE', commit(store, second, 7));

    const later = await restart();
    assert.ok(later.epoch > second);
    await refusedAs('STORE_UNAVAILABLE', commit(later, second, 8));
    await commit(later, later.epoch, 8);
    assert.equal(await textAt(later, 'k/v'), `${later.epoch}`);
  });

  it('keeps its id and its format, and takes what makes space like anything else', async (t) => {
    const { store, restart } = await use(t);
    const { id, format } = store;
    assert.ok(id.length > 0 && Number.isSafeInteger(format) && format >= 1);
    const ops = [put('k/v', 'x'), del('k/w')];
    await store.commit({
      studyUid: 'u',
      epoch: store.epoch,
      expectedSequence: 0,
      sequence: 1,
      ops,
      makesSpace: true,
    });
    await store.reopen();
    assert.deepEqual([store.id, store.format], [id, format]);
    const later = await restart();
    assert.deepEqual([later.id, later.format], [id, format]);
    assert.equal(await textAt(later, 'k/v'), 'x');
  });

  it('finishes what waits when it is reopened', async (t) => {
    const { store } = await use(t);
    const pending = writer(store).commit(put('k/v', 'x'));
    const reopening = Promise.all([store.reopen(), store.reopen()]);
    await refusedAs('STORE_UNAVAILABLE', writer(store, 'v').commit(put('k/w', 'x')));
    await pending;
    await reopening;
    assert.equal(store.healthy, true);
    assert.equal(await textAt(store, 'k/v'), 'x');
    assert.equal(await store.get('k/w'), undefined);
  });
}

/** Something for a store to come back with. */
async function fill(store: Store): Promise<void> {
  const write = writer(store, 'filler');
  await Promise.all(
    Array.from({ length: 30 }, (_, index) => write.commit(put(`filler/${index}`, 'x'.repeat(1000)))),
  );
  await write.commit(del('filler/3'));
}
