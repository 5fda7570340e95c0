import type { Readable, Writable } from 'node:stream';

/** A stream that may be a terminal. */
export type Sink = Writable & { readonly isTTY?: boolean; readonly columns?: number };

/** The signals that ask the process to end. */
export type EndSignal = 'SIGINT' | 'SIGTERM';

/** What the command line may touch of its process. `main.ts` makes the real one, tests make their own. */
export interface Surroundings {
  /** The arguments after the program's name. */
  readonly arguments: readonly string[];
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly stdin: Readable & { readonly isTTY?: boolean };
  readonly stdout: Sink;
  readonly stderr: Sink;
  /**
   * Resolves with the first signal after the first call. From that call on a first
   * signal no longer ends the process by itself; a second one does, at once.
   */
  interrupted(): Promise<EndSignal>;
}

/** Whether lines can be written over: a terminal that moves its cursor. */
export function redraws(sink: Sink, environment: Surroundings['environment']): boolean {
  return sink.isTTY === true && environment['TERM'] !== 'dumb';
}

/** Whether output to the stream may carry colours: a terminal, unless `NO_COLOR` (no-color.org) is set. */
export function wantsColours(sink: Sink, environment: Surroundings['environment']): boolean {
  return redraws(sink, environment) && (environment['NO_COLOR'] ?? '') === '';
}
