/** THE table from the server's errors to gRPC statuses, and the details that go with them (AIP-193). */
import { Metadata, status, type ServiceError, type StatusObject } from '@grpc/grpc-js';
import { WazirError, type Reason, type Violation } from '../domain/errors.js';
import {
  BadRequest,
  ErrorInfo,
  PreconditionFailure,
  QuotaFailure,
  ResourceInfo,
  RetryInfo,
} from '../gen/google/rpc/error_details.js';
import { Status } from '../gen/google/rpc/status.js';
import type { Any } from '../gen/google/protobuf/any.js';

/** `ErrorInfo.domain` of every error. */
export const errorDomain = 'wazir';

export const statusOf: Readonly<Record<Reason, status>> = {
  INVALID_FIELD: status.INVALID_ARGUMENT,
  REQUEST_ID_REUSED: status.INVALID_ARGUMENT,
  OWNER_NOT_FOUND: status.NOT_FOUND,
  STUDY_NOT_FOUND: status.NOT_FOUND,
  STUDY_RECREATED: status.NOT_FOUND,
  TRIAL_NOT_FOUND: status.NOT_FOUND,
  STUDY_EXISTS: status.ALREADY_EXISTS,
  MEASUREMENT_CONFLICT: status.ALREADY_EXISTS,
  STALE_ATTEMPT: status.ABORTED,
  TRIAL_ENDED: status.FAILED_PRECONDITION,
  TRIAL_LENT: status.FAILED_PRECONDITION,
  NO_MEASUREMENT: status.FAILED_PRECONDITION,
  FINAL_MEASUREMENT_CONFLICT: status.FAILED_PRECONDITION,
  STUDY_STATE: status.FAILED_PRECONDITION,
  STUDY_COMPLETED: status.FAILED_PRECONDITION,
  LIMIT_EXCEEDED: status.RESOURCE_EXHAUSTED,
  UNAUTHENTICATED: status.UNAUTHENTICATED,
  PERMISSION_DENIED: status.PERMISSION_DENIED,
  DRAINING: status.UNAVAILABLE,
  COMMIT_OUTCOME_UNKNOWN: status.UNAVAILABLE,
  STORE_UNAVAILABLE: status.UNAVAILABLE,
  DATA_DAMAGED: status.DATA_LOSS,
  CANCELLED: status.CANCELLED,
};

/*
 * Message and details travel in the trailers. Many clients take 8 KiB of headers at
 * the most, and HTTP/2 stacks end the call, or the connection, over not much more.
 * The message goes twice: percent-encoded, at the worst three characters a byte, and
 * within the details, which go as base64.
 */
const maxMessageBytes = 640;
const maxViolationsBytes = 2400;
const maxTextBytes = 1024;

/** The beginning of a text, at most so many bytes of UTF-8. */
function shorten(text: string, maxBytes: number): string {
  const bytes = Buffer.from(text);
  if (bytes.length <= maxBytes) return text;
  let end = maxBytes - 3;
  // Back to where a character begins.
  while ((bytes[end]! & 0xc0) === 0x80) end--;
  return `${bytes.toString('utf8', 0, end)}…`;
}

/** As many violations as fit, at least one. */
function fitting(violations: readonly Violation[]): Violation[] {
  const fit: Violation[] = [];
  let bytes = 0;
  for (const violation of violations) {
    const field = shorten(violation.field, maxTextBytes);
    const description = shorten(violation.description, maxTextBytes);
    bytes += Buffer.byteLength(field) + Buffer.byteLength(description);
    if (fit.length > 0 && bytes > maxViolationsBytes) break;
    fit.push({ field, description });
  }
  return fit;
}

function detail(type: string, value: Uint8Array): Any {
  return { typeUrl: `type.googleapis.com/google.rpc.${type}`, value: Buffer.from(value) };
}

/** `google.rpc` has a detail for each of these kinds of errors; what the error is about is its subject. */
function subjectDetail({ reason, message, metadata, resource }: WazirError): Any | undefined {
  if (resource === undefined && reason !== 'LIMIT_EXCEEDED') return undefined;
  // A limit without a subject is the server's.
  const subject = resource ?? 'server';
  const description = shorten(message, maxMessageBytes);
  switch (statusOf[reason]) {
    case status.RESOURCE_EXHAUSTED: {
      const quotaValue = Number(metadata['max'] ?? 0);
      const violation = { subject, description, quotaId: metadata['limit'] ?? '', quotaValue };
      return detail(
        'QuotaFailure',
        QuotaFailure.encode(QuotaFailure.fromPartial({ violations: [violation] })).finish(),
      );
    }
    case status.FAILED_PRECONDITION: {
      const violation = { type: reason, subject, description };
      return detail('PreconditionFailure', PreconditionFailure.encode({ violations: [violation] }).finish());
    }
    case status.NOT_FOUND:
    case status.ALREADY_EXISTS:
      return detail(
        'ResourceInfo',
        ResourceInfo.encode({
          resourceType: resourceType(subject),
          resourceName: subject,
          owner: '',
          description,
        }).finish(),
      );
    default:
      return undefined;
  }
}

/** The message of the contract that a resource name belongs to; an owner is none. */
function resourceType(name: string): string {
  const parts = name.split('/').length;
  return parts === 6 ? 'wazir.v1.Trial' : parts === 4 ? 'wazir.v1.Study' : 'wazir.v1.Owner';
}

/** An error as the message `google.rpc.Status`. What is no WazirError is a bug: INTERNAL, and nothing of it is told. */
export function toStatus(error: unknown): Status {
  if (!(error instanceof WazirError))
    return { code: status.INTERNAL, message: 'internal error; the server has logged it', details: [] };
  const details = [
    detail(
      'ErrorInfo',
      ErrorInfo.encode({
        reason: error.reason,
        domain: errorDomain,
        metadata: { ...error.metadata },
      }).finish(),
    ),
  ];
  if (error.violations.length > 0)
    details.push(
      detail(
        'BadRequest',
        BadRequest.encode(BadRequest.fromPartial({ fieldViolations: fitting(error.violations) })).finish(),
      ),
    );
  const about = subjectDetail(error);
  if (about) details.push(about);
  if (error.retryAfterSeconds !== undefined) {
    const seconds = Math.floor(error.retryAfterSeconds);
    const nanos = Math.round((error.retryAfterSeconds - seconds) * 1e9);
    details.push(detail('RetryInfo', RetryInfo.encode({ retryDelay: { seconds, nanos } }).finish()));
  }
  return { code: statusOf[error.reason], message: shorten(error.message, maxMessageBytes), details };
}

/** An error as grpc-js ends a call with it. */
export function toServiceError(error: unknown): ServiceError | (StatusObject & Error) {
  const { code, message, details } = toStatus(error);
  const metadata = new Metadata();
  if (details.length > 0)
    metadata.set('grpc-status-details-bin', Buffer.from(Status.encode({ code, message, details }).finish()));
  return Object.assign(new Error(message), { code, details: message, metadata });
}
