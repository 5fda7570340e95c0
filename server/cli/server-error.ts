import { status, type ServiceError } from '@grpc/grpc-js';
import { BadRequest, ErrorInfo } from '../gen/google/rpc/error_details.js';
import { Status } from '../gen/google/rpc/status.js';
import { ExitCode } from './exit-code.js';
import { Failure, type FailureFacts } from './failure.js';

/** The details of an error as AIP-193 sends them beside the message. */
function detailsOf(error: ServiceError): Pick<FailureFacts, 'reason' | 'metadata' | 'violations'> {
  const [bytes] = error.metadata?.get('grpc-status-details-bin') ?? [];
  if (!(bytes instanceof Uint8Array)) return {};
  const facts: { -readonly [K in keyof FailureFacts]: FailureFacts[K] } = {};
  for (const { typeUrl, value } of Status.decode(bytes).details) {
    if (typeUrl.endsWith('/google.rpc.ErrorInfo')) {
      const { reason, metadata } = ErrorInfo.decode(value);
      facts.reason = reason;
      facts.metadata = metadata;
    } else if (typeUrl.endsWith('/google.rpc.BadRequest')) {
      facts.violations = BadRequest.decode(value).fieldViolations.map(({ field, description }) => ({
        field,
        description,
      }));
    }
  }
  return facts;
}

/** What a call's error means to whoever typed the command. */
export function serverFailure(error: ServiceError, server: string): Failure {
  const facts: FailureFacts = {
    code: status[error.code] ?? String(error.code),
    ...detailsOf(error),
    cause: error,
  };
  switch (error.code) {
    case status.UNAVAILABLE:
      // A server that answers gives its reason; a connection that fails has none.
      return facts.reason === undefined
        ? new Failure(ExitCode.unreachable, `no server answers at ${server}: ${cause(error.details)}`, {
            ...facts,
            hint: 'start one with "wazir serve", or name another with --server or WAZIR_SERVER',
          })
        : new Failure(ExitCode.unreachable, error.details, facts);
    case status.DEADLINE_EXCEEDED:
      return new Failure(ExitCode.unreachable, `the server at ${server} did not answer in time`, {
        ...facts,
        hint: 'allow more with --timeout',
      });
    case status.UNIMPLEMENTED:
      return new Failure(
        ExitCode.refused,
        `the server at ${server} does not know this call: ${error.details}`,
        facts,
      );
    default:
      return new Failure(ExitCode.refused, error.details, facts);
  }
}

/** What the system said, out of what grpc-js wraps around it. */
function cause(details: string): string {
  return /Last error: (?:Error: )?(.*?)\.? Resolution note:/s.exec(details)?.[1] ?? details;
}
