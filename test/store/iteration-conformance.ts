/** What `iterate` must do, in every store. */
import assert from 'node:assert/strict';
import { it } from 'node:test';
import fc from 'fast-check';
import type { Range } from '../../server/store/store.js';
import { byBytes, del, entries, put, text, writer } from './store-access.js';
import type { Use } from './store-under-test.js';

export function iterationConformance(use: Use): void {
  it('sees the state as of the first step', async (t) => {
    const { store } = await use(t);
    const write = writer(store);
    const keys = Array.from({ length: 1500 }, (_, index) => `k/${String(index).padStart(5, '0')}`);
    await write.commit(...keys.map((key) => put(key, 'old')));
    const iterating = store.iterate({ gte: 'k/', lt: 'k0' })[Symbol.asyncIterator]();
    const seen: string[] = [];
    const take = (step: IteratorResult<[string, Uint8Array]>) => {
      if (!step.done) seen.push(`${step.value[0]}=${text(step.value[1])}`);
      return step.done;
    };
    take(await iterating.next());
    await write.commit(
      ...keys.map((key, index) => (index % 2 ? del(key) : put(key, 'new'))),
      put('k/99999', 'new'),
    );
    while (!take(await iterating.next()));
    assert.deepEqual(
      seen,
      keys.map((key) => `${key}=old`),
    );
    assert.equal((await entries(store, { gte: 'k/', lt: 'k0' })).length, 751);
  });

  it('starts at its first step, not when it is asked for', async (t) => {
    const { store } = await use(t);
    const range = store.iterate({ gte: 'k/', lt: 'k0' });
    await writer(store).commit(put('k/a', 'x'));
    const seen: string[] = [];
    for await (const [key] of range) seen.push(key);
    assert.deepEqual(seen, ['k/a']);
  });

  it('may be left early, and by several at once', async (t) => {
    const { store, restart } = await use(t);
    await writer(store).commit(...Array.from({ length: 2000 }, (_, index) => put(`k/${index}`, 'x')));
    const firsts = Array.from({ length: 20 }, async () => {
      for await (const [key] of store.iterate({ gt: 'k/' })) return key;
      return undefined;
    });
    assert.deepEqual(new Set(await Promise.all(firsts)), new Set(['k/0']));
    await restart();
  });

  it('orders keys by their UTF-8 bytes', async (t) => {
    const { store } = await use(t);
    // UTF-16 has the last two the other way round.
    const keys = [
      'k/',
      'k/-',
      'k/0',
      'k/A',
      'k/a',
      'k/a/b',
      'k/a0',
      'k/aa',
      'k/é',
      'k/ж',
      'k/数',
      'k/\uffff',
      'k/𐀀',
      'k/😀',
    ];
    await writer(store).commit(...keys.map((key) => put(key, 'x')).reverse());
    const found = (await entries(store, { gte: 'k/', lt: 'k0' })).map(([key]) => key);
    assert.deepEqual(found, keys.filter((key) => key < 'k0').sort(byBytes));
    assert.deepEqual(found, keys);
  });

  it('keeps to any range', async (t) => {
    const { store } = await use(t);
    const part = fc.constantFrom('', '/', '0', 'a', 'b', 'é', '\uffff', '😀');
    const key = fc.array(part, { maxLength: 3 }).map((parts) => `k${parts.join('')}`);
    const present = fc.sample(fc.uniqueArray(key, { minLength: 60, maxLength: 60 }), {
      seed: 7,
      numRuns: 1,
    })[0]!;
    await writer(store).commit(...present.map((key) => put(key, `of ${key}`)));
    const range: fc.Arbitrary<Range> = fc.record(
      { gt: key, gte: key, lt: key, lte: key, reverse: fc.boolean(), limit: fc.nat({ max: 70 }) },
      { requiredKeys: [] },
    );
    await fc.assert(
      fc.asyncProperty(range, async (range) => {
        // Both bounds of one side would leave open which one stands; the keys of the store's own stay outside.
        const asked: Range = {
          ...(range.gt !== undefined ? { gt: range.gt } : { gte: range.gte ?? 'k' }),
          ...(range.lt !== undefined ? { lt: range.lt } : { lte: range.lte ?? 'k\u{10ffff}' }),
          ...(range.reverse !== undefined ? { reverse: range.reverse } : {}),
          ...(range.limit !== undefined ? { limit: range.limit } : {}),
        };
        const within = present.filter(
          (key) =>
            (asked.gt === undefined || byBytes(key, asked.gt) > 0) &&
            (asked.gte === undefined || byBytes(key, asked.gte) >= 0) &&
            (asked.lt === undefined || byBytes(key, asked.lt) < 0) &&
            (asked.lte === undefined || byBytes(key, asked.lte) <= 0),
        );
        within.sort((a, b) => (asked.reverse ? byBytes(b, a) : byBytes(a, b)));
        const expected = within.slice(0, asked.limit).map((key) => [key, `of ${key}`]);
        assert.deepEqual(await entries(store, asked), expected);
      }),
      { numRuns: 150 },
    );
  });
}
