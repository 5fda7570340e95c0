/**
 * The one wrapper around every handler. grpc-js lets a rejected promise end the
 * process; nothing rejects past this. It lets nobody in who may not, maps errors,
 * logs one line a call and passes on deadline and cancellation.
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
import type { Admission, Guard, GuardedCall } from './guard.js';
import { explain, Malformed } from './malformed.js';
import { Pace } from './pace.js';
import { statusOf, toServiceError } from './status.js';

/** What a handler may know of its call. */
export interface CallContext {
  /** Aborts when the caller has gone or its deadline has passed. */
  readonly signal: AbortSignal;
  /** Whether the caller has gone or its deadline has passed. */
  readonly isCancelled: boolean;
  /** Milliseconds until the deadline; Infinity where there is none. */
  readonly remainingMs: number;
  /** Whose studies the caller may know of, as one text. */
  readonly reach: string;
}

/** What all handlers share. */
export interface HandlerParts {
  readonly logger: Logger;
  readonly descriptors: PackageDefinition;
  readonly guard: Guard;
}

interface Call extends GuardedCall {
  getDeadline(): Date | number;
  on(event: 'cancelled', listener: () => void): unknown;
  readonly cancelled: boolean;
}

/**
 * The signal is made when it is first asked for: a controller per call, aborted
 * after every call (grpc-js tells the end of each as a cancellation), costs more
 * than the command of a report.
 */
class Context implements CallContext {
  #admission: Admission | undefined;
  #controller: AbortController | undefined;
  #answered = false;
  #revoked: WazirError | undefined;
  #watchNoMore: (() => void) | undefined;

  /** @param onRevoked hears it when the call is not allowed any more */
  constructor(
    private readonly call: Call,
    private readonly onRevoked?: (why: WazirError) => void,
  ) {
    call.on('cancelled', () => {
      if (!this.#answered) this.#controller?.abort();
    });
  }

  /** The request of a call that may be made; throws what is wrong with either. */
  admit<Request>(request: Request, { guard, descriptors }: HandlerParts): Request {
    const admission = guard.admit(this.call);
    this.#admission = admission;
    // Not before the caller is known: strangers are told nothing about their messages.
    if (request instanceof Malformed) throw explain(descriptors, this.call.getPath(), request);
    admission.authorise(request);
    return request;
  }

  get reach(): string {
    return this.#admission!.principal.reach;
  }

  /** Name of the caller; undefined where it is not known. */
  get principal(): string | undefined {
    return this.#admission?.principal.name;
  }

  /** Why the call is not allowed any more. */
  get revoked(): WazirError | undefined {
    return this.#revoked;
  }

  // A call that asks for it may stay: it ends too when it is not allowed any more.
  get signal(): AbortSignal {
    if (!this.#controller) {
      const controller = (this.#controller = new AbortController());
      if (this.call.cancelled) controller.abort();
      this.#watchNoMore = this.#admission?.onRevoked((why) => {
        this.#revoked = why;
        this.onRevoked?.(why);
        controller.abort();
      });
    }
    return this.#controller.signal;
  }

  get isCancelled(): boolean {
    return this.call.cancelled || this.#controller?.signal.aborted === true;
  }

  get remainingMs(): number {
    return Number(this.call.getDeadline()) - Date.now();
  }

  /**
   * Whether the caller has gone, or its deadline passed, before the call could
   * begin. It must have no effect, and grpc-js answers DEADLINE_EXCEEDED itself.
   */
  get isTooLate(): boolean {
    return this.call.cancelled || this.remainingMs <= 0;
  }

  /** From now on the end of the call is no cancellation. */
  answered(): void {
    this.#answered = true;
    this.#watchNoMore?.();
  }
}

/** Logs the end of a call: the caller's faults at debug like successes, ours at error. */
export function logCall(
  logger: Logger,
  call: { readonly path: string; readonly startMs: number; readonly principal: string | undefined },
  error?: unknown,
): void {
  if (!logger.isLevelEnabled(error === undefined || error instanceof WazirError ? 'debug' : 'error')) return;
  const { path: method, startMs } = call;
  const facts = {
    method,
    ...(call.principal ? { principal: call.principal } : {}),
    ms: performance.now() - startMs,
  };
  if (error === undefined) logger.debug({ ...facts, code: 0 }, 'call finished');
  else if (error instanceof WazirError)
    logger.debug({ ...facts, code: statusOf[error.reason], reason: error.reason }, 'call finished');
  else logger.error({ ...facts, err: error }, 'call failed by a bug');
}

export function unary<Request, Response>(
  parts: HandlerParts,
  handle: (request: Request, context: CallContext) => Promise<Response>,
): handleUnaryCall<Request, Response> {
  return (call: ServerUnaryCall<Request, Response>, callback: sendUnaryData<Response>) => {
    const startMs = performance.now();
    let isOver = false;
    const end = (error: unknown, response?: Response) => {
      if (isOver) return;
      isOver = true;
      context.answered();
      if (error === undefined) callback(null, response);
      else callback(toServiceError(error));
      logCall(parts.logger, { path: call.getPath(), startMs, principal: context.principal }, error);
    };
    // At once: what the handler waits for may be another call's answer.
    const context = new Context(call, end);
    if (context.isTooLate) return;
    const run = async () => handle(context.admit(call.request, parts), context);
    run().then((response) => end(undefined, response), end);
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
    const startMs = performance.now();
    const context = new Context(call);
    if (context.isTooLate) return;
    const run = async () => {
      let pace: Pace<Response> | undefined;
      // Not a race of each step against the abort: a promise that outlives its races keeps what they gave.
      for await (const response of handle(context.admit(call.request, parts), context)) {
        if (context.signal.aborted) return;
        pace ??= new Pace(call, context.signal);
        await pace.write(response);
      }
    };
    const end = (reason?: unknown) => {
      // How the generator ended is then how it took the abort.
      const error = context.revoked ?? reason;
      context.answered();
      if (error === undefined) call.end();
      else call.emit('error', toServiceError(error));
      logCall(parts.logger, { path: call.getPath(), startMs, principal: context.principal }, error);
    };
    run().then(() => end(), end);
  };
}
