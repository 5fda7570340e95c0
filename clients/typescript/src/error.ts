import { Metadata, status, type StatusObject } from '@grpc/grpc-js';
import { readErrorDetails, type ErrorDetails, type Violation } from './error-details.js';
import { Status } from './gen/google/rpc/status.js';

/** Name of a gRPC status code, such as `NOT_FOUND`. */
export type Code = Exclude<keyof typeof status, 'OK'>;

/** Why a call failed. The only error that this library makes of what a server says. */
export class WazirError extends Error {
  /** The gRPC status code, by name. */
  readonly code: Code;
  /** The server's reason, such as `STUDY_EXISTS` or `STALE_ATTEMPT`; empty where it gave none. */
  readonly reason: string;
  /** Each field of the request that was refused. */
  readonly violations: readonly Violation[];
  /** Facts beside the message. */
  readonly metadata: Readonly<Record<string, string>>;
  /** Seconds after which the server thinks a retry worth while. */
  readonly retryAfterSeconds: number | undefined;

  constructor(code: Code, message: string, details: Partial<ErrorDetails> = {}, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = 'WazirError';
    this.code = code;
    this.reason = details.reason ?? '';
    this.violations = details.violations ?? [];
    this.metadata = details.metadata ?? {};
    this.retryAfterSeconds = details.retryAfterSeconds;
  }

  /** Whether the same call may succeed later without anything else being changed. */
  get transient(): boolean {
    switch (this.code) {
      case 'UNAVAILABLE':
      case 'DEADLINE_EXCEEDED':
      case 'CANCELLED':
        return true;
      case 'INTERNAL':
        // How grpc-js names a stream that was cut by a peer or a proxy that went away.
        return this.message.includes('RST_STREAM');
      default:
        return false;
    }
  }

  /** Makes a WazirError of whatever a call has thrown. */
  static from(thrown: unknown): WazirError {
    if (thrown instanceof WazirError) return thrown;
    if (!isStatusObject(thrown)) {
      return new WazirError('UNKNOWN', thrown instanceof Error ? thrown.message : String(thrown), {}, thrown);
    }
    const [packed] = thrown.metadata?.get('grpc-status-details-bin') ?? [];
    const details = packed instanceof Uint8Array ? readStatus(packed)?.details : undefined;
    const code = codeName(thrown.code);
    const message = withHint(code, thrown.details);
    return new WazirError(code, message, readErrorDetails(details ?? []), thrown);
  }

  /** Makes a WazirError of a status inside a message. */
  static fromStatus({ code, message, details }: Status): WazirError {
    const name = codeName(code);
    return new WazirError(name, withHint(name, message), readErrorDetails(details));
  }
}

function isStatusObject(thrown: unknown): thrown is StatusObject | (Error & StatusObject) {
  if (typeof thrown !== 'object' || thrown === null) return false;
  const { code, details, metadata } = thrown as Partial<StatusObject>;
  return (
    typeof code === 'number' &&
    typeof details === 'string' &&
    (metadata === undefined || metadata instanceof Metadata)
  );
}

/** What to do about a refusal that asking again does not change. */
function withHint(code: Code, message: string): string {
  switch (code) {
    case 'UNAUTHENTICATED':
      return `${message}: connect with token, tokenFile or tls.cert, or set WAZIR_TOKEN_FILE`;
    case 'PERMISSION_DENIED':
      return `${message}: whoever runs the server grants more in its access file`;
    default:
      return message;
  }
}

function codeName(code: number): Code {
  const name = status[code] as keyof typeof status | undefined;
  return name === undefined || name === 'OK' ? 'UNKNOWN' : name;
}

function readStatus(bytes: Uint8Array): Status | undefined {
  try {
    return Status.decode(bytes);
  } catch {
    return undefined;
  }
}
