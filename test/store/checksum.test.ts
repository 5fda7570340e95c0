import assert from 'node:assert/strict';
import { test } from 'node:test';
import { WazirError } from '../../server/domain/errors.js';
import { seal, unseal } from '../../server/store/checksum.js';

const value = Uint8Array.from({ length: 40 }, (_, i) => i * 5);

test('gives back what was sealed under the key', () => {
  assert.deepEqual(Buffer.from(unseal('t/a/1', seal('t/a/1', value))), Buffer.from(value));
  assert.equal(unseal('k', seal('k', new TextEncoder().encode(''))).length, 0);
});

test('refuses a value with any bit flipped, and names its key', () => {
  const sealed = seal('t/a/1', value);
  for (let bit = 0; bit < sealed.length * 8; bit++) {
    const damaged = Uint8Array.from(sealed);
    damaged[bit >> 3]! ^= 1 << (bit & 7);
    assert.throws(
      () => unseal('t/a/1', damaged),
      (error) =>
        error instanceof WazirError && error.reason === 'DATA_DAMAGED' && /t\/a\/1/.test(error.message),
    );
  }
});

test('refuses a value that stands under another key, or is cut short', () => {
  const sealed = seal('t/a/1', value);
  assert.throws(() => unseal('t/a/2', sealed), WazirError);
  assert.throws(() => unseal('t/a/1', sealed.subarray(0, 20)), WazirError);
  assert.throws(() => unseal('t/a/1', new Uint8Array(3)), WazirError);
});
