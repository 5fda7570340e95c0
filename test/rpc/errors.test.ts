/** From the server's errors to what a client is told. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { status } from '@grpc/grpc-js';
import { invalid, invalidFields, WazirError, type Reason } from '../../server/domain/errors.js';
import { statusOf, toServiceError, toStatus } from '../../server/rpc/status.js';
import { refusalOf, refusalOfStatus } from './refusal.js';

/** As the contract has them; those that it does not name as AIP-193 and gRPC's own table have them. */
const codes: Record<Reason, keyof typeof status> = {
  INVALID_FIELD: 'INVALID_ARGUMENT',
  REQUEST_ID_REUSED: 'INVALID_ARGUMENT',
  OWNER_NOT_FOUND: 'NOT_FOUND',
  STUDY_NOT_FOUND: 'NOT_FOUND',
  STUDY_RECREATED: 'NOT_FOUND',
  TRIAL_NOT_FOUND: 'NOT_FOUND',
  STUDY_EXISTS: 'ALREADY_EXISTS',
  MEASUREMENT_CONFLICT: 'ALREADY_EXISTS',
  STALE_ATTEMPT: 'ABORTED',
  TRIAL_ENDED: 'FAILED_PRECONDITION',
  TRIAL_LENT: 'FAILED_PRECONDITION',
  NO_MEASUREMENT: 'FAILED_PRECONDITION',
  FINAL_MEASUREMENT_CONFLICT: 'FAILED_PRECONDITION',
  STUDY_STATE: 'FAILED_PRECONDITION',
  STUDY_COMPLETED: 'FAILED_PRECONDITION',
  LIMIT_EXCEEDED: 'RESOURCE_EXHAUSTED',
  UNAUTHENTICATED: 'UNAUTHENTICATED',
  PERMISSION_DENIED: 'PERMISSION_DENIED',
  DRAINING: 'UNAVAILABLE',
  COMMIT_OUTCOME_UNKNOWN: 'UNAVAILABLE',
  STORE_UNAVAILABLE: 'UNAVAILABLE',
  DATA_DAMAGED: 'DATA_LOSS',
  CANCELLED: 'CANCELLED',
};

test('every reason has its code, and is told as ErrorInfo with its facts', () => {
  const told = Object.fromEntries(
    Object.keys(statusOf).map((reason) => {
      const error = new WazirError(reason as Reason, 'what to do', { metadata: { limit: '7' } });
      const refusal = refusalOf(toServiceError(error));
      assert.equal(refusal.message, 'what to do');
      assert.equal(refusal.reason, reason);
      assert.equal(refusal.domain, 'wazir');
      assert.deepEqual(refusal.metadata, { limit: '7' });
      assert.deepEqual(refusal.fields, []);
      assert.equal(refusal.retrySeconds, undefined);
      return [reason, refusal.code];
    }),
  );
  assert.deepEqual(told, codes);
});

test('violations are told as BadRequest, the time after which a retry may help as RetryInfo', () => {
  const violations = [
    { field: 'study.spec.metrics', description: 'must hold at least one' },
    { field: 'study.spec.parameters[2].double.min', description: 'must be finite' },
  ];
  const refusal = refusalOfStatus(toStatus(invalidFields(violations)));
  assert.equal(refusal.message, 'study.spec.metrics: must hold at least one (and 1 more)');
  assert.deepEqual(refusal.fields, ['study.spec.metrics', 'study.spec.parameters[2].double.min']);
  assert.deepEqual(refusal.descriptions, ['must hold at least one', 'must be finite']);
  const later = new WazirError('STORE_UNAVAILABLE', 'try again', { retryAfterSeconds: 1.25 });
  assert.equal(refusalOfStatus(toStatus(later)).retrySeconds, 1.25);
});

test('what is no error of ours is INTERNAL, and nothing of it is told', () => {
  for (const thrown of [new TypeError('secret'), 'secret', { code: 5, message: 'secret' }, undefined]) {
    const error = toServiceError(thrown);
    assert.equal(error.code, status.INTERNAL);
    assert.ok(!JSON.stringify({ ...error, text: error.message }).includes('secret'));
    assert.deepEqual(refusalOf(error).reason, undefined);
  }
  // Neither is the cause of an error of ours.
  const caused = new WazirError('STORE_UNAVAILABLE', 'try again', { cause: new Error('secret') });
  assert.ok(!toStatus(caused).details.some(({ value }) => value.includes('secret')));
});

/** Bytes of the trailers that an error travels in, as HTTP/2 counts them. */
function trailerBytes(error: unknown): number {
  const { details, metadata } = toServiceError(error);
  const binary = metadata.get('grpc-status-details-bin')[0] as Buffer;
  return (
    encodeURI(details).length +
    binary.toString('base64').length +
    'grpc-message grpc-status-details-bin'.length +
    64
  );
}

test('however much is wrong, an error fits into the 8 KiB of headers that clients take', () => {
  const long = 'é漢🦄'.repeat(2 ** 18);
  const many = Array.from({ length: 1000 }, (_, i) => ({
    field: `study.spec.parameters[${i}].children[0].parameter.categorical.values[${i}]`,
    description: '漢'.repeat(100),
  }));
  const errors = [
    invalid('f', long),
    invalid(long, 'wrong'),
    invalidFields(many),
    invalidFields([{ field: 'f', description: long }, ...many]),
    new WazirError('STUDY_NOT_FOUND', long),
  ];
  for (const error of errors) {
    assert.ok(trailerBytes(error) < 8192, `${trailerBytes(error)} bytes`);
    const refusal = refusalOf(toServiceError(error));
    // Cut between characters.
    for (const text of [refusal.message, ...refusal.fields, ...refusal.descriptions])
      assert.ok(!text.includes('\ufffd'), text);
  }
  const { fields, message } = refusalOfStatus(toStatus(invalidFields(many)));
  assert.equal(fields[0], many[0]!.field);
  assert.ok(fields.length > 3);
  assert.match(message, /and 999 more/);
});
