import { ExitCode } from './exit-code.js';
import { Failure } from './failure.js';

/**
 * The errors that `startServer` documents, by name: their classes belong to parts
 * of the server that the command line does not reach into.
 */
const exitCodes: Readonly<Record<string, ExitCode>> = {
  StoreOpenError: ExitCode.dataDirectory,
  ListenError: ExitCode.address,
};

/** What a start that failed means to whoever runs the server, in one line; a bug stays what it is. */
export function startFailure(error: unknown): unknown {
  if (!(error instanceof Error)) return error;
  const exitCode = Object.hasOwn(exitCodes, error.name) ? exitCodes[error.name] : undefined;
  return exitCode === undefined ? error : new Failure(exitCode, error.message, { cause: error });
}
