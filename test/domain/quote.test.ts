import assert from 'node:assert/strict';
import { test } from 'node:test';
import { quote } from '../../server/domain/quote.js';

test('text is quoted, escaped and cut', () => {
  assert.equal(quote('lr'), '"lr"');
  assert.equal(quote('a"\u0000\n'), '"a\\"\\u0000\\n"');
  assert.equal(quote('x'.repeat(64)), `"${'x'.repeat(64)}"`);
  assert.equal(quote('x'.repeat(65)), `"${'x'.repeat(63)}…"`);
});
