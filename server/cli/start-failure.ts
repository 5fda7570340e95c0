import { WazirError } from '../domain/errors.js';
import { ExitCode } from './exit-code.js';
import { Failure } from './failure.js';

/**
 * The errors that `startServer` and the commands on data directories document, by
 * name: their classes belong to parts that are loaded only where they are used.
 */
const exitCodes: Readonly<Record<string, ExitCode>> = {
  StoreOpenError: ExitCode.dataDirectory,
  ListenError: ExitCode.address,
  BackupError: ExitCode.backup,
  AccessFileError: ExitCode.usage,
  CertificateError: ExitCode.usage,
};

/** What a start that failed means to whoever runs the server, in one line; a bug stays what it is. */
export function startFailure(error: unknown): unknown {
  if (!(error instanceof Error)) return error;
  const exitCode = Object.hasOwn(exitCodes, error.name) ? exitCodes[error.name] : undefined;
  return exitCode === undefined ? error : new Failure(exitCode, error.message, { cause: error });
}

/** The same for the commands that read data directories: what is damaged there is no bug of theirs. */
export function dataFailure(error: unknown): unknown {
  if (error instanceof WazirError)
    return new Failure(ExitCode.dataDirectory, error.message, { cause: error });
  return startFailure(error);
}
