import { status, type ServiceError } from '@grpc/grpc-js';
import { BadRequest, ErrorInfo } from '../gen/google/rpc/error_details.js';
import { Status } from '../gen/google/rpc/status.js';
import { ExitCode } from './exit-code.js';
import { Failure, type FailureFacts } from './failure.js';
import { explainUnreachable } from './unreachable.js';

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
      if (facts.reason === undefined) {
        const { cause, hint } = explainUnreachable(error.details);
        const message = `no server answers at ${server}: ${cause}`;
        return new Failure(ExitCode.unreachable, message, { ...facts, hint });
      }
      return new Failure(ExitCode.unreachable, error.details, facts);
    case status.UNAUTHENTICATED:
      return new Failure(ExitCode.refused, error.details, {
        ...facts,
        hint: 'say who you are with --token-file, WAZIR_TOKEN_FILE or WAZIR_TOKEN, or by certificate with --tls-cert',
      });
    case status.PERMISSION_DENIED:
      return new Failure(ExitCode.refused, error.details, {
        ...facts,
        hint: 'whoever runs the server grants more in its access file',
      });
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
