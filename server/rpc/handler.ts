/**
 * The one wrapper around every handler. grpc-js lets a rejected promise end the
 * process; nothing rejects past this. It maps errors, logs one line a call and
 * passes on deadline and cancellation.
 */
import type {
  handleServerStreamingCall,
  handleUnaryCall,
  sendUnaryData,
  ServerUnaryCall,
  ServerWritableStream,
} from '@grpc/grpc-js';
import type { PackageDefinition } from '@grpc/proto-loader';
import type { Logger } from 'pino';
import { WazirError } from '../domain/errors.js';
import { drained } from './drained.js';
import { explain, Malformed } from './malformed.js';
import { statusOf, toServiceError } from './status.js';

/** What a handler may know of its call. */
export interface CallContext {
  /** Aborts when the caller has gone or its deadline has passed. */
  readonly signal: AbortSignal;
  /** Milliseconds until the deadline; Infinity where there is none. */
  readonly remainingMs: number;
}

/** What all handlers share. */
export interface HandlerParts {
  readonly logger: Logger;
  readonly descriptors: PackageDefinition;
}

interface Call {
  getDeadline(): Date | number;
  getPath(): string;
  on(event: 'cancelled', listener: () => void): unknown;
  readonly cancelled: boolean;
}

/**
 * The signal is made when it is first asked for: a controller per call, aborted
 * after every call (grpc-js tells the end of each as a cancellation), costs more
 * than the command of a report.
 */
class Context implements CallContext {
  #controller: AbortController | undefined;
  #answered = false;

  constructor(private readonly call: Call) {
    call.on('cancelled', () => {
      if (!this.#answered) this.#controller?.abort();
    });
  }

  get signal(): AbortSignal {
    if (!this.#controller) {
      this.#controller = new AbortController();
      if (this.call.cancelled) this.#controller.abort();
    }
    return this.#controller.signal;
  }

  get remainingMs(): number {
    return Number(this.call.getDeadline()) - Date.now();
  }

  /** From now on the end of the call is no cancellation. */
  answered(): void {
    this.#answered = true;
  }
}

function checked<Request>(request: Request, path: string, { descriptors }: HandlerParts): Request {
  if (request instanceof Malformed) throw explain(descriptors, path, request);
  return request;
}

/** Logs the end of a call: the caller's faults at debug like successes, ours at error. */
export function logCall(logger: Logger, path: string, startMs: number, error?: unknown): void {
  const ms = performance.now() - startMs;
  if (error === undefined) logger.debug({ method: path, code: 0, ms }, 'call finished');
  else if (error instanceof WazirError)
    logger.debug({ method: path, code: statusOf[error.reason], reason: error.reason, ms }, 'call finished');
  else logger.error({ method: path, err: error, ms }, 'call failed by a bug');
}

export function unary<Request, Response>(
  parts: HandlerParts,
  handle: (request: Request, context: CallContext) => Promise<Response>,
): handleUnaryCall<Request, Response> {
  return (call: ServerUnaryCall<Request, Response>, callback: sendUnaryData<Response>) => {
    const start = performance.now();
    const path = call.getPath();
    const context = new Context(call);
    const run = async () => handle(checked(call.request, path, parts), context);
    run().then(
      (response) => {
        context.answered();
        callback(null, response);
        logCall(parts.logger, path, start);
      },
      (error: unknown) => {
        context.answered();
        callback(toServiceError(error));
        logCall(parts.logger, path, start, error);
      },
    );
  };
}

/**
 * A server stream: what the generator yields is written at the reader's pace. The
 * generator must end when the signal aborts.
 */
export function serverStream<Request, Response>(
  parts: HandlerParts,
  handle: (request: Request, context: CallContext) => AsyncGenerator<Response>,
): handleServerStreamingCall<Request, Response> {
  return (call: ServerWritableStream<Request, Response>) => {
    const start = performance.now();
    const path = call.getPath();
    const run = async () => {
      const context = new Context(call);
      // Not a race of each step against the abort: a promise that outlives its races keeps what they gave.
      for await (const response of handle(checked(call.request, path, parts), context)) {
        if (context.signal.aborted) return;
        if (!call.write(response)) await drained(call, context.signal);
      }
    };
    run().then(
      () => {
        call.end();
        logCall(parts.logger, path, start);
      },
      (error: unknown) => {
        call.emit('error', toServiceError(error));
        logCall(parts.logger, path, start, error);
      },
    );
  };
}
