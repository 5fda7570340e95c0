/** The table of limits. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { flagOf, limitExceeded, limitNames, limitsFrom, limitTable } from '../../server/domain/limits.js';

test('what is not given has its default', () => {
  const all = limitsFrom();
  assert.deepEqual(Object.keys(all).sort(), [...limitNames].sort());
  for (const name of limitNames) assert.equal(all[name], limitTable[name].default);
  assert.deepEqual(limitsFrom({ maxStudies: 3 }), { ...all, maxStudies: 3 });
});

test("no owner's part is larger than the whole, and each limit says what it bounds", () => {
  for (const name of limitNames) {
    const { default: max, what } = limitTable[name];
    assert.ok(Number.isSafeInteger(max) && max >= 1, name);
    assert.match(what, /^[a-z]/);
    const whole = name.replace(/PerOwner$/, '') as keyof typeof limitTable;
    assert.ok(max <= limitTable[whole].default, name);
  }
});

test('a refusal names the flag, the maximum and what has reached it', () => {
  assert.equal(flagOf('maxStudiesPerOwner'), 'max-studies-per-owner');
  const error = limitExceeded('maxStudiesPerOwner', limitsFrom({ maxStudiesPerOwner: 7 }), 'owners/o');
  assert.equal(error.reason, 'LIMIT_EXCEEDED');
  assert.equal(error.resource, 'owners/o');
  assert.deepEqual(error.metadata, { limit: 'max-studies-per-owner', max: '7' });
  assert.match(error.message, /^owners\/o: .*studies of one owner.*--max-studies-per-owner = 7$/);
  assert.deepEqual([error.retryAfterSeconds, error.violations], [undefined, []]);
  const facts = { field: 'study.metadata', retryAfterSeconds: 2 };
  const other = limitExceeded('maxMetadataBytes', limitsFrom(), 'server', facts);
  assert.equal(other.retryAfterSeconds, 2);
  assert.deepEqual(other.violations, [{ field: 'study.metadata', description: 'must be at most 1048576' }]);
});
