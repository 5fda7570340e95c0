import assert from 'node:assert/strict';
import { test } from 'node:test';
import { safeJson, safeText } from '../../server/cli/safe-text.js';

const hostile = 'a\u001b]0;title\u0007\r\n\tb\u009b31m\u202egnp\u2066\u007f\u2028';

test('no control character reaches a terminal', () => {
  const shown = safeText(hostile);
  assert.equal(shown, 'a\\u001b]0;title\\u0007\\r\\n\\tb\\u009b31m\\u202egnp\\u2066\\u007f\\u2028');
  assert.equal(safeText('läuft 🙂 👨‍👩‍👧 "x" \\'), 'läuft 🙂 👨‍👩‍👧 "x" \\');
});

test('JSON stays the same document', () => {
  const json = safeJson(JSON.stringify({ text: hostile }));
  assert.doesNotMatch(json, /[\u0000-\u001f\u007f-\u009f\u202e\u2066\u2028]/);
  assert.deepEqual(JSON.parse(json), { text: hostile });
});
