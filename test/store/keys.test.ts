import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { keys, lastNumber, rangesOfStudy } from '../../server/store/keys.js';
import type { Range } from '../../server/store/store.js';
import { byBytes } from './store-access.js';

/** Owner and study ids: anything but `/` and control characters, prefixes of each other above all. */
const id = fc
  .array(
    fc.constantFrom('a', 'b', '0', '-', '.', '..', '!', '%2f', '\\', ' ', 'é', '\uffff', '😀', '__proto__'),
    {
      minLength: 1,
      maxLength: 3,
    },
  )
  .map((parts) => parts.join(''));
const uid = fc.stringMatching(/^[a0z]{1,3}$/);
/** Request ids: the same, and `/`. */
const requestId = fc
  .array(fc.oneof(id, fc.constant('/')), { minLength: 1, maxLength: 3 })
  .map((parts) => parts.join(''));
const number = fc.oneof(fc.nat({ max: 300 }), fc.maxSafeNat());

/** A record's place, as its kind and the parts of its name. */
const record = fc.oneof(
  fc.tuple(fc.constant('database' as const)),
  fc.tuple(fc.constant('journal' as const), number),
  fc.tuple(fc.constant('name' as const), id, id),
  fc.tuple(fc.constant('ownerRequest' as const), id, requestId),
  fc.tuple(fc.constant('purge' as const), uid),
  fc.tuple(fc.constant('study' as const), uid),
  fc.tuple(fc.constant('trial' as const), uid, number),
  fc.tuple(fc.constant('measurement' as const), uid, number, number, number),
  fc.tuple(fc.constant('request' as const), uid, requestId),
  fc.tuple(fc.constant('requestOrder' as const), uid, number),
  fc.tuple(fc.constant('change' as const), uid, number),
);
type Place = typeof record extends fc.Arbitrary<infer T> ? T : never;

function keyOf(place: Place): string {
  switch (place[0]) {
    case 'database':
      return keys.database;
    case 'journal':
      return keys.journal(place[1]);
    case 'name':
      return keys.name(place[1], place[2]);
    case 'ownerRequest':
      return keys.ownerRequest(place[1], place[2]);
    case 'purge':
      return keys.purge(place[1]);
    case 'study':
      return keys.study(place[1]);
    case 'trial':
      return keys.trial(place[1], place[2]);
    case 'measurement':
      return keys.measurement(place[1], place[2], place[3], place[4]);
    case 'request':
      return keys.request(place[1], place[2]);
    case 'requestOrder':
      return keys.requestOrder(place[1], place[2]);
    case 'change':
      return keys.change(place[1], place[2]);
  }
}

/** As stores compare: by bytes. */
function within({ gt, gte, lt, lte }: Range, key: string): boolean {
  return (
    (gt === undefined || byBytes(key, gt) > 0) &&
    (gte === undefined || byBytes(key, gte) >= 0) &&
    (lt === undefined || byBytes(key, lt) < 0) &&
    (lte === undefined || byBytes(key, lte) <= 0)
  );
}

/** Whether a place begins with these parts. */
function belongs(place: Place, ...parts: readonly unknown[]): boolean {
  return parts.every((part, index) => place[index] === part);
}

test('numbers order keys, up to the largest that is safe', () => {
  fc.assert(
    fc.property(uid, fc.tuple(number, number, number), fc.tuple(number, number, number), (uid, a, b) => {
      const sign = Math.sign(a[0] - b[0]);
      assert.equal(byBytes(keys.journal(a[0]), keys.journal(b[0])), sign);
      assert.equal(byBytes(keys.trial(uid, a[0]), keys.trial(uid, b[0])), sign);
      assert.equal(byBytes(keys.change(uid, a[0]), keys.change(uid, b[0])), sign);
      assert.equal(byBytes(keys.requestOrder(uid, a[0]), keys.requestOrder(uid, b[0])), sign);
      const first = [0, 1, 2].map((part) => Math.sign(a[part]! - b[part]!)).find((sign) => sign !== 0) ?? 0;
      assert.equal(byBytes(keys.measurement(uid, ...a), keys.measurement(uid, ...b)), first);
    }),
  );
});

test('the number that ends a key can be read back', () => {
  fc.assert(
    fc.property(uid, number, number, number, (uid, a, b, c) => {
      assert.equal(lastNumber(keys.journal(a)), a);
      assert.equal(lastNumber(keys.trial(uid, a)), a);
      assert.equal(lastNumber(keys.measurement(uid, a, b, c)), c);
      assert.equal(lastNumber(keys.change(uid, b)), b);
    }),
  );
});

test('no two records have one key', () => {
  fc.assert(
    fc.property(record, record, (a, b) => {
      assert.equal(keyOf(a) === keyOf(b), JSON.stringify(a) === JSON.stringify(b));
    }),
    { numRuns: 2000 },
  );
});

test('a range holds what belongs to it, and nothing of another owner, study, trial or attempt', () => {
  fc.assert(
    fc.property(record, id, uid, number, number, (other, owner, study, trial, attempt) => {
      // Half the time a record of the very owner and study, else one whose names merely look alike.
      const ranges: [Range, readonly unknown[]][] = [
        [keys.journals(), ['journal']],
        [keys.purges(), ['purge']],
        [keys.namesOf(owner), ['name', owner]],
        [keys.trialsOf(study), ['trial', study]],
        [keys.requestsOf(study), ['request', study]],
        [keys.requestOrdersOf(study), ['requestOrder', study]],
        [keys.changesOf(study), ['change', study]],
        [keys.measurementsOfStudy(study), ['measurement', study]],
        [keys.measurementsOf(study, trial), ['measurement', study, trial]],
        [keys.measurementsOfAttempt(study, trial, attempt), ['measurement', study, trial, attempt]],
      ];
      const own: Place[] = [
        ['name', owner, owner],
        ['ownerRequest', owner, owner],
        ['study', study],
        ['trial', study, trial],
        ['measurement', study, trial, attempt, trial],
        ['request', study, owner],
        ['requestOrder', study, trial],
        ['change', study, trial],
      ];
      for (const place of [other, ...own]) {
        for (const [range, parts] of ranges) {
          assert.equal(
            within(range, keyOf(place)),
            belongs(place, ...parts),
            `${keyOf(place)} in ${range.gt}`,
          );
        }
        const after = place[0] === 'change' && place[1] === study && place[2] > attempt;
        assert.equal(within(keys.changesAfter(study, attempt), keyOf(place)), after);
      }
    }),
    { numRuns: 2000 },
  );
});

test('what a purge deletes is all of one study below its record, and nothing else', () => {
  const kinds = new Set(['trial', 'measurement', 'request', 'requestOrder', 'change']);
  fc.assert(
    fc.property(record, uid, (place, study) => {
      const found = rangesOfStudy(study).filter((range) => within(range, keyOf(place))).length;
      assert.equal(found, kinds.has(place[0]) && place[1] === study ? 1 : 0, keyOf(place));
    }),
    { numRuns: 2000 },
  );
});
