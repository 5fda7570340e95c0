/** How a call was refused, with its details decoded. */
import assert from 'node:assert/strict';
import { status, type ServiceError } from '@grpc/grpc-js';
import {
  BadRequest,
  ErrorInfo,
  PreconditionFailure,
  QuotaFailure,
  ResourceInfo,
  RetryInfo,
} from '../../server/gen/google/rpc/error_details.js';
import { Status } from '../../server/gen/google/rpc/status.js';

export interface Refusal {
  /** Name of the gRPC code. */
  readonly code: string;
  readonly message: string;
  /** `ErrorInfo.reason`; undefined where there are no details. */
  readonly reason: string | undefined;
  readonly domain: string | undefined;
  readonly metadata: Readonly<Record<string, string>>;
  /** Paths of `google.rpc.BadRequest`. */
  readonly fields: readonly string[];
  readonly descriptions: readonly string[];
  readonly retrySeconds: number | undefined;
  /** What it is about, by `google.rpc.ResourceInfo`: type and name. */
  readonly resource: readonly [type: string, name: string] | undefined;
  /** By `google.rpc.QuotaFailure`: whose limit, which, and the maximum. */
  readonly quota: readonly [subject: string, id: string, value: number] | undefined;
  /** By `google.rpc.PreconditionFailure`: which, and of what. */
  readonly precondition: readonly [type: string, subject: string] | undefined;
}

const prefix = 'type.googleapis.com/google.rpc.';

/** Reads a `google.rpc.Status`, as streams send it in their answers. */
export function refusalOfStatus({ code, message, details }: Status): Refusal {
  const find = (type: string) => details.find(({ typeUrl }) => typeUrl === prefix + type)?.value;
  const info = find('ErrorInfo');
  const request = find('BadRequest');
  const retry = find('RetryInfo');
  const { reason, domain, metadata } = info
    ? ErrorInfo.decode(info)
    : { reason: undefined, domain: undefined, metadata: {} };
  const violations = request ? BadRequest.decode(request).fieldViolations : [];
  const delay = retry && RetryInfo.decode(retry).retryDelay!;
  const about = find('ResourceInfo');
  const resource = about && ResourceInfo.decode(about);
  const quotas = find('QuotaFailure');
  const [quota] = quotas ? QuotaFailure.decode(quotas).violations : [];
  const preconditions = find('PreconditionFailure');
  const [precondition] = preconditions ? PreconditionFailure.decode(preconditions).violations : [];
  return {
    code: status[code] ?? String(code),
    message,
    reason,
    domain,
    metadata,
    fields: violations.map(({ field }) => field),
    descriptions: violations.map(({ description }) => description),
    retrySeconds: delay && delay.seconds + delay.nanos / 1e9,
    resource: resource && [resource.resourceType, resource.resourceName],
    quota: quota && [quota.subject, quota.quotaId, quota.quotaValue],
    precondition: precondition && [precondition.type, precondition.subject],
  };
}

/** Reads the error that a call has ended with. */
export function refusalOf(error: ServiceError): Refusal {
  const [details] = error.metadata?.get('grpc-status-details-bin') ?? [];
  if (details === undefined)
    return refusalOfStatus({ code: error.code, message: error.details, details: [] });
  const decoded = Status.decode(details as Buffer);
  assert.equal(decoded.code, error.code, 'the details repeat the code');
  assert.equal(decoded.message, error.details, 'the details repeat the message');
  return refusalOfStatus(decoded);
}

/** How the call was refused; fails where it was not. */
export async function refused(call: Promise<unknown>): Promise<Refusal> {
  let answer: unknown;
  try {
    answer = await call;
  } catch (error) {
    return refusalOf(error as ServiceError);
  }
  assert.fail(`was not refused, but answered ${JSON.stringify(answer)}`);
}

/** Checks code, reason and field paths of a refusal at once. */
export async function refusedWith(
  call: Promise<unknown>,
  code: string,
  reason: string,
  ...fields: string[]
): Promise<Refusal> {
  const refusal = await refused(call);
  assert.deepEqual(
    { code: refusal.code, reason: refusal.reason, fields: refusal.fields },
    { code, reason, fields },
    refusal.message,
  );
  return refusal;
}
