import { WazirError } from '../domain/errors.js';
import type { ServeConfig } from '../config.js';
import { ExitCode } from './exit-code.js';
import { Failure } from './failure.js';

/** System errors that mean that an address can not be had. */
const addressCodes: readonly string[] = ['EADDRINUSE', 'EADDRNOTAVAIL', 'ENOTFOUND', 'EAI_AGAIN'];

/** What a start that failed means to whoever runs the server, in one line; a bug stays what it is. */
export function startFailure(error: unknown, config: ServeConfig): unknown {
  const chain = causes(error);
  const codes = chain.map(({ code }) => code);
  const message = chain[0]?.message ?? String(error);
  if (codes.includes('LEVEL_LOCKED')) {
    return new Failure(ExitCode.dataDirectory, `${config.data} is in use by another process`, {
      cause: error,
    });
  }
  if (codes.some((code) => addressCodes.includes(code ?? ''))) {
    return new Failure(ExitCode.address, message, { cause: error });
  }
  if (error instanceof WazirError || codes.some((code) => code?.startsWith('LEVEL_') === true)) {
    return new Failure(ExitCode.dataDirectory, message, { cause: error });
  }
  return error;
}

interface Caused extends Error {
  readonly code?: string;
}

function causes(error: unknown): Caused[] {
  return error instanceof Error ? [error, ...causes(error.cause)] : [];
}
