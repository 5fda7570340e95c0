/** Short ways to write to a store and to look into it. */
import assert from 'node:assert/strict';
import type { Op, Range, Store } from '../../server/store/store.js';

/** Commits of one study, each on top of the one before. */
export function writer(store: Store, studyUid = 'study') {
  const { epoch } = store;
  let sequence = 0;
  return {
    commit: (...ops: Op[]) =>
      store.commit({ studyUid, epoch, expectedSequence: sequence, sequence: ++sequence, ops }),
  };
}

export function put(key: string, value: string): Op {
  return { type: 'put', key, value: new TextEncoder().encode(value) };
}

export function del(key: string): Op {
  return { type: 'del', key };
}

export async function textAt(store: Store, key: string): Promise<string | undefined> {
  const value = await store.get(key);
  return value && text(value);
}

export async function entries(store: Store, range: Range): Promise<[key: string, value: string][]> {
  const found: [string, string][] = [];
  for await (const [key, value] of store.iterate(range)) found.push([key, text(value)]);
  return found;
}

export async function refusedAs(reason: string, promise: Promise<unknown>): Promise<void> {
  await assert.rejects(promise, (error: Error & { reason?: string }) => {
    assert.equal(error.reason, reason, error.message);
    return true;
  });
}

export function byBytes(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}

/** UTF-8. */
export function text(value: Uint8Array): string {
  return new TextDecoder().decode(value);
}
