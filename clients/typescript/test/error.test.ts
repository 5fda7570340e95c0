import { status } from '@grpc/grpc-js';
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RetryInfo } from '../../../server/gen/google/rpc/error_details.js';
import { WazirError } from '../src/index.js';
import { readErrorDetails } from '../src/error-details.js';
import { Status } from '../src/gen/google/rpc/status.js';
import { failure } from './fake-server.js';

test('an error names its code, its reason, its facts and each wrong field', () => {
  const fields = { 'study.spec.parameters[0].double.min': 'above max', 'study.spec.metrics': 'none' };
  const error = WazirError.from(failure(status.INVALID_ARGUMENT, 'wrong', 'INVALID_FIELD', fields));
  assert.equal(error.code, 'INVALID_ARGUMENT');
  assert.equal(error.message, 'wrong');
  assert.equal(error.reason, 'INVALID_FIELD');
  assert.deepEqual(error.metadata, { attempt: '7' });
  assert.deepEqual(
    error.violations,
    Object.entries(fields).map(([field, description]) => ({ field, description })),
  );
  assert.equal(error.transient, false);
});

test('the time after which to retry is read', () => {
  const value = Buffer.from(RetryInfo.encode({ retryDelay: { seconds: 1, nanos: 500_000_000 } }).finish());
  const details = readErrorDetails([{ typeUrl: 'type.googleapis.com/google.rpc.RetryInfo', value }]);
  assert.equal(details.retryAfterSeconds, 1.5);
});

test('details that can not be read, or are not known, hide nothing else', () => {
  const { details } = readStatusOf(failure(status.ABORTED, 'late', 'STALE_ATTEMPT'));
  const broken = { typeUrl: 'type.googleapis.com/google.rpc.BadRequest', value: Buffer.of(10, 200) };
  const unknown = { typeUrl: 'type.googleapis.com/google.rpc.Help', value: Buffer.of(10, 0) };
  assert.equal(readErrorDetails([broken, unknown, ...details]).reason, 'STALE_ATTEMPT');
});

test('whatever else was thrown becomes UNKNOWN and keeps its cause', () => {
  const cause = new RangeError('odd');
  const error = WazirError.from(cause);
  assert.deepEqual([error.code, error.message, error.cause], ['UNKNOWN', 'odd', cause]);
  assert.equal(WazirError.from(error), error);
});

test('only failures that may pass are transient', () => {
  const transient = (code: status, message = '') => WazirError.from(failure(code, message)).transient;
  assert.equal(transient(status.UNAVAILABLE), true);
  assert.equal(transient(status.DEADLINE_EXCEEDED), true);
  assert.equal(transient(status.INTERNAL, 'Received RST_STREAM with code 2'), true);
  assert.equal(transient(status.INTERNAL, 'bug'), false);
  assert.equal(transient(status.RESOURCE_EXHAUSTED), false);
});

function readStatusOf(error: Error) {
  const { metadata } = error as Error & { metadata: { get(key: string): Buffer[] } };
  return Status.decode(metadata.get('grpc-status-details-bin')[0]!);
}
