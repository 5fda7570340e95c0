import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { encode } from '../../server/codec/encode.js';
import { MeasurementRecord } from '../../server/gen/wazir/internal/v1/records.js';
import { Directive_Kind as DirectiveKind } from '../../server/gen/wazir/v1/measurement.js';

const safeInteger = fc.oneof(
  fc.maxSafeInteger(),
  fc.constantFrom(
    0,
    1,
    -1,
    127,
    128,
    2 ** 31 - 1,
    2 ** 31,
    2 ** 32 - 1,
    2 ** 32,
    2 ** 53 - 1,
    -(2 ** 53) + 1,
  ),
);
const record = fc.record({
  measurement: fc.record({
    step: safeInteger,
    elapsed: fc.option(fc.record({ seconds: safeInteger, nanos: fc.integer({ min: 0, max: 999_999_999 }) }), {
      nil: undefined,
    }),
    metrics: fc.array(
      fc.record({ name: fc.string({ unit: 'binary', maxLength: 300 }), value: fc.double() }),
      {
        maxLength: 200,
      },
    ),
    attempt: safeInteger,
    reportTime: fc.constant(undefined),
    superseded: fc.boolean(),
  }),
  sequence: safeInteger,
  directive: fc.option(fc.record({ kind: fc.constant(DirectiveKind.CONTINUE), until: safeInteger }), {
    nil: undefined,
  }),
});

const bytesOf = (message: MeasurementRecord) => Buffer.from(MeasurementRecord.encode(message).finish());

describe('encode', () => {
  it('gives the bytes that the generated code gives, message after message', () => {
    fc.assert(
      fc.property(record, (message) =>
        assert.deepEqual(encode(MeasurementRecord, message), bytesOf(message)),
      ),
    );
  });

  it('keeps what it has given when it encodes the next message', () => {
    fc.assert(
      fc.property(record, record, (first, second) => {
        const bytes = encode(MeasurementRecord, first);
        encode(MeasurementRecord, second);
        assert.deepEqual(bytes, bytesOf(first));
      }),
    );
  });

  const withMetrics = (count: number): MeasurementRecord => ({
    measurement: {
      step: 1,
      elapsed: undefined,
      metrics: Array.from({ length: count }, (_, i) => ({ name: `metric-${i}`, value: i / 7 })),
      attempt: 1,
      reportTime: undefined,
      superseded: false,
    },
    sequence: 1,
    directive: undefined,
  });

  it('encodes small messages after very large ones, and grows again', () => {
    for (const count of [20_000, 1, 20_000, 6000, 20_000]) {
      const message = withMetrics(count);
      assert.ok(encode(MeasurementRecord, message).equals(bytesOf(message)), `${count} metrics`);
    }
  });

  it('goes on after a message that can not be encoded', () => {
    const message = withMetrics(3);
    assert.throws(() => encode(MeasurementRecord, { ...message, sequence: 0.5 }));
    assert.throws(() =>
      encode(MeasurementRecord, { ...message, measurement: { ...message.measurement!, step: Number.NaN } }),
    );
    assert.deepEqual(encode(MeasurementRecord, message), bytesOf(message));
  });
});
