import {
  Client,
  Metadata,
  credentials as channelCredentials,
  type ChannelCredentials,
  type ChannelOptions,
  type ClientDuplexStream,
  type ClientReadableStream,
} from '@grpc/grpc-js';
import { onAbort, systemClock, type Clock } from './clock.js';
import { WazirError } from './error.js';
import { retrying } from './retry.js';

/** One method of the generated service definitions. */
export interface Method<Request, Response> {
  readonly path: string;
  readonly requestSerialize: (value: Request) => Buffer;
  readonly responseDeserialize: (bytes: Buffer) => Response;
}

export interface RpcOptions {
  /** Not set: plain text. */
  readonly credentials?: ChannelCredentials;
  /** Sent with every call, such as an `authorization` token. */
  readonly metadata?: Readonly<Record<string, string>>;
  /** Options of the grpc-js channel. */
  readonly channelOptions?: ChannelOptions;
  /** How long a call is tried again while the server can not be reached. Default 600. */
  readonly retryForSeconds?: number;
  /** Told of each failed call or stream that will be tried again. */
  readonly onRetry?: (error: WazirError, waitMs: number) => void;
  /** Time, for tests. */
  readonly clock?: Clock;
}

export interface CallOptions {
  /** How long one try may take, in milliseconds. Default 30,000. */
  readonly timeoutMs?: number;
  /** In place of the connection's own, in milliseconds. */
  readonly retryForMs?: number;
  readonly signal?: AbortSignal | undefined;
}

/** One connection: unary calls with retries, and streams. */
export class Rpc {
  readonly clock: Clock;
  readonly retryForMs: number;
  readonly onRetry: ((error: WazirError, waitMs: number) => void) | undefined;
  readonly #client: Client;
  readonly #metadata = new Metadata();
  readonly #closing = new AbortController();

  constructor(address: string, options: RpcOptions = {}) {
    this.clock = options.clock ?? systemClock;
    this.retryForMs = (options.retryForSeconds ?? 600) * 1_000;
    this.onRetry = options.onRetry;
    for (const [key, value] of Object.entries(options.metadata ?? {})) this.#metadata.set(key, value);
    this.#client = new Client(address, options.credentials ?? channelCredentials.createInsecure(), {
      // grpc-js waits up to two minutes between attempts to connect; a restarted server should be found sooner.
      'grpc.initial_reconnect_backoff_ms': 100,
      'grpc.max_reconnect_backoff_ms': 5_000,
      // A peer that has vanished without a word is noticed although a waiting call sends nothing.
      'grpc.keepalive_time_ms': 60_000,
      'grpc.keepalive_timeout_ms': 20_000,
      ...(isLocal(address) ? { 'grpc.enable_http_proxy': 0 } : {}),
      ...options.channelOptions,
    });
  }

  /** Aborts when the connection is closed. */
  get closing(): AbortSignal {
    return this.#closing.signal;
  }

  /** Makes a unary call, again where the failure may pass: every method is idempotent by its `request_id` or its keys. */
  call<Request, Response>(
    method: Method<Request, Response>,
    request: Request,
    options: CallOptions = {},
  ): Promise<Response> {
    return retrying(() => this.#once(method, request, options), {
      clock: this.clock,
      retryForMs: options.retryForMs ?? this.retryForMs,
      signals: [this.closing, options.signal],
      onRetry: this.onRetry,
    });
  }

  /** Opens a bidirectional stream. No retries. */
  bidi<Request, Response>(method: Method<Request, Response>): ClientDuplexStream<Request, Response> {
    return this.#client.makeBidiStreamRequest(
      method.path,
      method.requestSerialize,
      method.responseDeserialize,
      this.#metadata.clone(),
    );
  }

  /** Opens a stream of the server. No retries. */
  serverStream<Request, Response>(
    method: Method<Request, Response>,
    request: Request,
  ): ClientReadableStream<Response> {
    return this.#client.makeServerStreamRequest(
      method.path,
      method.requestSerialize,
      method.responseDeserialize,
      request,
      this.#metadata.clone(),
    );
  }

  /** Cancels what is under way and closes the connection. */
  close(): void {
    this.#closing.abort();
    this.#client.close();
  }

  #once<Request, Response>(
    method: Method<Request, Response>,
    request: Request,
    { timeoutMs = 30_000, signal }: CallOptions,
  ): Promise<Response> {
    if (this.closing.aborted) throw new WazirError('CANCELLED', 'the client is closed');
    return new Promise((resolve, reject) => {
      const call = this.#client.makeUnaryRequest(
        method.path,
        method.requestSerialize,
        method.responseDeserialize,
        request,
        this.#metadata.clone(),
        { deadline: Date.now() + timeoutMs },
        (error, response) => {
          forget();
          if (error) reject(WazirError.from(error));
          else resolve(response!);
        },
      );
      const forget = onAbort([this.closing, signal], () => call.cancel());
    });
  }
}

/** Whether an address is of this machine: `http_proxy` in the environment is then not meant for it. */
function isLocal(address: string): boolean {
  return /^(unix:|localhost:|127\.|\[::1\])/.test(address);
}
