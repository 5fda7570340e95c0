import { pino, stdTimeFunctions, type DestinationStream, type Logger, type LoggerOptions } from 'pino';

export type { Logger };

export interface LogSettings {
  /** The least level that is written: `trace`, `debug`, `info`, `warn`, `error`, `fatal`, or `silent`. */
  readonly level: string;
  /** Where the lines go. Standard output where not given, written synchronously, so that the last line before a crash is there. */
  readonly destination?: DestinationStream;
}

/** In a text: all of that header, what follows "Bearer", and what `wazir access token` makes. */
const tokens = /(?<=authorization\\":\[)[^\]]*|(?<=bearer +)[^\s"\\]+|wazir_[\w-]{43}/gi;

/**
 * JSON lines, one an event: `time` (ISO 8601, UTC), `level` (its name), `msg` (a
 * constant text to search by), and what varies in fields of its own.
 */
export function createLogger({ level, destination }: LogSettings): Logger {
  const options: LoggerOptions = {
    level,
    // Host and pid are the supervisor's business: containers have one process each.
    base: null,
    timestamp: stdTimeFunctions.isoTime,
    formatters: { level: (label) => ({ level: label }) },
    // Credentials must not get into logs, whoever logs call metadata.
    redact: ['authorization', '*.authorization', '*.*.authorization'],
    // And whoever puts them into a text: the tracing of grpc-js shows all headers.
    hooks: { streamWrite: (line) => line.replace(tokens, '[Redacted]') },
  };
  return destination === undefined ? pino(options) : pino(options, destination);
}
