import {
  Client,
  Metadata,
  type ChannelOptions,
  type ClientDuplexStream,
  type ClientReadableStream,
} from '@grpc/grpc-js';
import { isLocal } from './address.js';
import { onAbort, systemClock, type Clock } from './clock.js';
import { readCredentials, type CredentialOptions } from './credentials.js';
import { WazirError } from './error.js';
import { retrying } from './retry.js';
import type { Token } from './token.js';

/** One method of the generated service definitions. */
export interface Method<Request, Response> {
  readonly path: string;
  readonly requestSerialize: (value: Request) => Buffer;
  readonly responseDeserialize: (bytes: Buffer) => Response;
}

export interface RpcOptions extends CredentialOptions {
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
  readonly #token: Token | undefined;
  /** Which token each stream was opened with. */
  readonly #shown = new WeakMap<object, string>();
  readonly #closing = new AbortController();

  constructor(address: string, options: RpcOptions = {}) {
    this.clock = options.clock ?? systemClock;
    this.retryForMs = (options.retryForSeconds ?? 600) * 1_000;
    this.onRetry = options.onRetry;
    for (const [key, value] of Object.entries(options.metadata ?? {})) this.#metadata.set(key, value);
    const { channel, channelOptions, token } = readCredentials(address, options);
    this.#token = token;
    this.#client = new Client(address, channel, {
      // grpc-js waits up to two minutes between attempts to connect; a restarted server should be found sooner.
      'grpc.initial_reconnect_backoff_ms': 100,
      'grpc.max_reconnect_backoff_ms': 5_000,
      // A peer that has vanished without a word is noticed although a waiting call sends nothing.
      'grpc.keepalive_time_ms': 60_000,
      'grpc.keepalive_timeout_ms': 20_000,
      // Retries are ours: with the same request id, for much longer, and heard of. Without grpc-js's own, which keep
      // each message until its call is answered, a short trial on the stream costs the client 8 % less CPU.
      'grpc.enable_retries': 0,
      ...(isLocal(address) ? { 'grpc.enable_http_proxy': 0 } : {}),
      ...channelOptions,
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
    return retrying(() => this.#renewing(method, request, options), {
      clock: this.clock,
      retryForMs: options.retryForMs ?? this.retryForMs,
      signals: [this.closing, options.signal],
      onRetry: this.onRetry,
    });
  }

  /** Opens a bidirectional stream. No retries. */
  bidi<Request, Response>(method: Method<Request, Response>): ClientDuplexStream<Request, Response> {
    const token = this.#token?.current();
    const call = this.#client.makeBidiStreamRequest(
      method.path,
      method.requestSerialize,
      method.responseDeserialize,
      this.#metadataWith(token),
    );
    if (token !== undefined) this.#shown.set(call, token);
    return call;
  }

  /** Opens a stream of the server. No retries. */
  serverStream<Request, Response>(
    method: Method<Request, Response>,
    request: Request,
  ): ClientReadableStream<Response> {
    const token = this.#token?.current();
    const call = this.#client.makeServerStreamRequest(
      method.path,
      method.requestSerialize,
      method.responseDeserialize,
      request,
      this.#metadataWith(token),
    );
    if (token !== undefined) this.#shown.set(call, token);
    return call;
  }

  /** Whether a stream that ended with `error` was opened with a token that has been replaced since. */
  tokenReplaced(call: object, error: WazirError): boolean {
    if (error.code !== 'UNAUTHENTICATED') return false;
    const shown = this.#shown.get(call);
    return shown !== undefined && this.#token?.current(true) !== shown;
  }

  /** Cancels what is under way and closes the connection. */
  close(): void {
    this.#closing.abort();
    this.#client.close();
  }

  /** A token that is refused while its file has another is no refusal yet. */
  async #renewing<Request, Response>(
    method: Method<Request, Response>,
    request: Request,
    options: CallOptions,
  ): Promise<Response> {
    for (let token = this.#token?.current(); ;) {
      try {
        return await this.#once(method, request, options, token);
      } catch (error) {
        const refused = error instanceof WazirError && error.code === 'UNAUTHENTICATED';
        const renewed = refused ? this.#token?.current(true) : token;
        if (renewed === token) throw error;
        token = renewed;
      }
    }
  }

  #metadataWith(token: string | undefined): Metadata {
    const metadata = this.#metadata.clone();
    // Not call credentials: grpc-js sends those over TLS alone.
    if (token !== undefined) metadata.set('authorization', `Bearer ${token}`);
    return metadata;
  }

  #once<Request, Response>(
    method: Method<Request, Response>,
    request: Request,
    { timeoutMs = 30_000, signal }: CallOptions,
    token: string | undefined,
  ): Promise<Response> {
    if (this.closing.aborted) throw new WazirError('CANCELLED', 'the client is closed');
    return new Promise((resolve, reject) => {
      const call = this.#client.makeUnaryRequest(
        method.path,
        method.requestSerialize,
        method.responseDeserialize,
        request,
        this.#metadataWith(token),
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
