import { once } from 'node:events';
import type { Writable } from 'node:stream';
import { ExitCode } from './exit-code.js';
import { Failure } from './failure.js';

/**
 * Writes a text and waits where the reader is slow, so that an export of any size
 * needs memory for one page. Throws a Failure where the reader went away.
 */
export async function write(sink: Writable, text: string): Promise<void> {
  if (text === '') return;
  await writeBytes(sink, text);
}

/** The same for bytes. */
export async function writeBytes(sink: Writable, bytes: string | Uint8Array): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    sink.write(bytes, (error) => {
      if (error === null || error === undefined) resolve();
      else reject(writeFailure(error));
    });
  });
}

/** Ends a file and waits until all of it was handed to the system. */
export async function finish(sink: Writable): Promise<void> {
  sink.end();
  await once(sink, 'finish');
}

function writeFailure(error: NodeJS.ErrnoException): Failure {
  return error.code === 'EPIPE' || error.code === 'ERR_STREAM_DESTROYED'
    ? new Failure(ExitCode.brokenPipe, 'the reader of the output went away', { cause: error })
    : new Failure(ExitCode.file, `can not write: ${error.message}`, { cause: error });
}
