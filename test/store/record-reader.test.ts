import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { TrialOutline, TrialRecord } from '../../server/gen/wazir/internal/v1/records.js';
import { RungResultKind } from '../../server/domain/spec.js';
import { RecordReader } from '../../server/store/record-reader.js';

const count = fc.oneof(
  fc.constantFrom(0, 1, 127, 128, 16_383, 2 ** 28 - 1, 2 ** 28, 2 ** 31, 2 ** 32, Number.MAX_SAFE_INTEGER),
  fc.maxSafeNat(),
);
const measurement = fc.record({
  step: count,
  attempt: count,
  metrics: fc.array(fc.record({ name: fc.string(), value: fc.double() }), { maxLength: 3 }),
});
const scheduling = fc.record({
  round: count,
  bracket: fc.nat(40),
  slot: count,
  rung: fc.nat(40),
  target: count,
  results: fc.array(
    fc.record({
      rung: fc.nat(40),
      kind: fc.constantFrom(RungResultKind.VALUE, RungResultKind.NAN, RungResultKind.FAILED),
      loss: fc.double(),
      sequence: count,
    }),
    { maxLength: 4 },
  ),
  draw: fc.option(count, { nil: undefined }),
  viewSequence: count,
  promoted: fc.boolean(),
});
const records = fc
  .record({
    trial: fc.record({
      name: fc.string(),
      id: count,
      state: fc.nat(8),
      parameters: fc.array(
        fc.record({
          name: fc.string(),
          value: fc.record({ kind: fc.double().map((value) => ({ $case: 'doubleValue' as const, value })) }),
        }),
        { maxLength: 3 },
      ),
      scheduling: fc.option(scheduling, { nil: undefined }),
      bestMeasurement: fc.option(measurement, { nil: undefined }),
      lastStep: count,
      createTime: fc.record({ seconds: count, nanos: fc.nat(999_999_999) }),
      clientId: fc.string(),
      endReason: fc.nat(8),
      failureReason: fc.string({ maxLength: 300 }),
      labels: fc.dictionary(fc.string(), fc.string(), { maxKeys: 2, noNullPrototype: true }),
      source: fc.nat(4),
      attempts: count,
      expiries: count,
      resourceSpent: count,
      sequence: count,
      deleted: fc.boolean(),
    }),
    savingAttempt: count,
    point: fc.array(fc.double(), { maxLength: 4 }),
    attemptFrom: count,
    attemptStarts: fc.array(count, { maxLength: 4 }),
    released: fc.boolean(),
    spentBefore: count,
    lastMeasurement: fc.option(measurement, { nil: undefined }),
  })
  .map((given) => TrialRecord.fromPartial(given as Parameters<typeof TrialRecord.fromPartial>[0]));

/** What is in both, of the wider one. */
function narrowed(narrow: object, wide: object): unknown {
  return Object.fromEntries(
    Object.entries(narrow).map(([key, value]) => {
      const whole = (wide as Record<string, unknown>)[key];
      return [key, key === 'trial' ? narrowed(value as object, whole as object) : whole];
    }),
  );
}

test('an outline holds what the record holds, whatever else is in it', () => {
  const reader = new RecordReader();
  fc.assert(
    fc.property(records, (record) => {
      const bytes = TrialRecord.encode(record).finish();
      const outline = TrialOutline.decode(reader.over(bytes));
      assert.deepEqual(outline, narrowed(outline, TrialRecord.decode(bytes)));
      assert.deepEqual(outline, TrialOutline.decode(bytes));
    }),
  );
});

test('a whole record is read as the library reads it', () => {
  const reader = new RecordReader();
  fc.assert(
    fc.property(records, (record) => {
      const bytes = TrialRecord.encode(record).finish();
      assert.deepEqual(TrialRecord.decode(reader.over(bytes)), TrialRecord.decode(bytes));
    }),
  );
});

test('a record that ends too early is refused', () => {
  const reader = new RecordReader();
  const trial = { id: 300, failureReason: 'x'.repeat(200), sequence: 70_000 };
  const bytes = TrialRecord.encode(TrialRecord.fromPartial({ trial, spentBefore: 300 })).finish();
  for (const length of [1, 2, 4, 5, 100, bytes.length - 1])
    assert.throws(() => TrialOutline.decode(reader.over(bytes.subarray(0, length))), RangeError, `${length}`);
  const huge = TrialRecord.encode(TrialRecord.fromPartial({ spentBefore: -1 })).finish();
  assert.throws(() => TrialOutline.decode(reader.over(huge)), /MAX_SAFE_INTEGER/);
});
