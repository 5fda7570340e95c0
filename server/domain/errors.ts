/**
 * The one error of the server. `rpc/status.ts` alone turns it into a gRPC
 * status; anything else that is thrown is a bug and becomes INTERNAL.
 */

/** Why a call was refused. Stable: clients see it as `ErrorInfo.reason`. */
export type Reason =
  | 'INVALID_FIELD'
  | 'REQUEST_ID_REUSED'
  | 'OWNER_NOT_FOUND'
  | 'STUDY_NOT_FOUND'
  | 'STUDY_RECREATED'
  | 'TRIAL_NOT_FOUND'
  | 'STUDY_EXISTS'
  | 'MEASUREMENT_CONFLICT'
  | 'STALE_ATTEMPT'
  | 'TRIAL_ENDED'
  | 'TRIAL_LENT'
  | 'NO_MEASUREMENT'
  | 'FINAL_MEASUREMENT_CONFLICT'
  | 'STUDY_STATE'
  | 'STUDY_COMPLETED'
  | 'LIMIT_EXCEEDED'
  | 'UNAUTHENTICATED'
  | 'PERMISSION_DENIED'
  | 'DRAINING'
  | 'COMMIT_OUTCOME_UNKNOWN'
  | 'STORE_UNAVAILABLE'
  | 'DATA_DAMAGED'
  | 'CANCELLED';

/** One thing that is wrong with a request. */
export interface Violation {
  /** Path of the field in the request, such as `study.spec.parameters[2].double.min`. */
  readonly field: string;
  /** What is wrong, and what would be right. */
  readonly description: string;
}

/** Facts beside the message: `ErrorInfo.metadata` and `RetryInfo`. */
export interface ErrorFacts {
  /** Facts for programs, such as the newest attempt. */
  readonly metadata?: Readonly<Record<string, string>>;
  /** Seconds after which a retry may help. */
  readonly retryAfterSeconds?: number;
  /** Name of what the error is about: `owners/…`, or `server`. */
  readonly resource?: string;
  readonly violations?: readonly Violation[];
  readonly cause?: unknown;
}

export class WazirError extends Error {
  readonly reason: Reason;
  readonly metadata: Readonly<Record<string, string>>;
  readonly retryAfterSeconds: number | undefined;
  readonly resource: string | undefined;
  readonly violations: readonly Violation[];

  constructor(reason: Reason, message: string, facts: ErrorFacts = {}) {
    super(message, facts.cause === undefined ? undefined : { cause: facts.cause });
    this.name = 'WazirError';
    this.reason = reason;
    this.metadata = facts.metadata ?? {};
    this.retryAfterSeconds = facts.retryAfterSeconds;
    this.resource = facts.resource;
    this.violations = facts.violations ?? [];
  }
}

/** An INVALID_ARGUMENT that names one field. */
export function invalid(field: string, description: string): WazirError {
  return invalidFields([{ field, description }]);
}

/** An INVALID_ARGUMENT that names every field that is wrong; at least one. */
export function invalidFields(violations: readonly Violation[]): WazirError {
  const first = violations[0]!;
  const more = violations.length > 1 ? ` (and ${violations.length - 1} more)` : '';
  return new WazirError('INVALID_FIELD', `${first.field}: ${first.description}${more}`, { violations });
}
