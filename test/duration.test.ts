import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { durationToJson, formatDuration, parseDuration } from '../server/duration.js';

test('durations are numbers with units', () => {
  assert.deepEqual(parseDuration('30s'), { seconds: 30, nanos: 0 });
  assert.deepEqual(parseDuration('1h30m'), { seconds: 5_400, nanos: 0 });
  assert.deepEqual(parseDuration('2d'), { seconds: 172_800, nanos: 0 });
  assert.deepEqual(parseDuration('1500ms'), { seconds: 1, nanos: 500_000_000 });
  assert.deepEqual(parseDuration('0.1s'), { seconds: 0, nanos: 100_000_000 });
  assert.deepEqual(parseDuration('1.000000001s'), { seconds: 1, nanos: 1 });
  assert.deepEqual(parseDuration('1.5h'), { seconds: 5_400, nanos: 0 });
});

test('what has no unit, a sign or anything else is none', () => {
  for (const text of ['', '30', '-30s', 's', '30 s', '1y', '30s ', '1e3s', '.5s', '99999999999999999999d']) {
    assert.equal(parseDuration(text), undefined, text);
  }
});

test('protobuf writes seconds with 0, 3, 6 or 9 decimals', () => {
  assert.equal(durationToJson({ seconds: 3, nanos: 0 }), '3s');
  assert.equal(durationToJson({ seconds: 3, nanos: 10_000_000 }), '3.010s');
  assert.equal(durationToJson({ seconds: 0, nanos: 1_000 }), '0.000001s');
  assert.equal(durationToJson({ seconds: 0, nanos: 1 }), '0.000000001s');
  assert.equal(durationToJson({ seconds: -1, nanos: -500_000_000 }), '-1.500s');
});

test('what is written is read as the same duration, in either form', () => {
  const fields = { seconds: fc.nat(315_576_000_000), nanos: fc.nat(999_999_999) };
  const durations = fc.record(fields, { noNullPrototype: true });
  fc.assert(
    fc.property(durations, (duration) => {
      assert.deepEqual(parseDuration(durationToJson(duration)), duration);
      assert.deepEqual(parseDuration(formatDuration(duration)), duration);
    }),
  );
  assert.equal(formatDuration({ seconds: 90_061, nanos: 0 }), '1d1h1m1s');
});
