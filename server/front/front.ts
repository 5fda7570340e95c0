/**
 * What stands between the network and grpc-js, which bounds none of this: how many
 * connections there are, how long each may take until it speaks HTTP/2, and TLS.
 */
import type { Logger } from 'pino';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { bind, type Binding } from './bind.js';
import type { Endpoint } from './endpoint.js';
import { firstFrame } from './first-frame.js';
import type { Tls } from './tls.js';

export interface FrontOptions {
  /** Open connections, of all addresses together; more are closed at once. */
  readonly maxConnections: number;
  /** How long a connection may take for its handshake with TLS, and then until it speaks HTTP/2. */
  readonly handshakeTimeoutMs: number;
  /** Plain text without it. */
  readonly tls?: Tls | undefined;
  readonly logger: Logger;
}

const tellRefusedMs = 60_000;

export class Front {
  readonly #bindings: Binding[] = [];
  readonly #sockets = new Set<Socket>();
  /** Those that have not yet spoken, with their timers. */
  readonly #silent = new Map<Duplex, NodeJS.Timeout>();
  #refused = 0;
  #toldRefused = -Infinity;

  /** @param serve takes over a connection that speaks HTTP/2 */
  constructor(
    private readonly serve: (connection: Duplex) => void,
    private readonly options: FrontOptions,
  ) {
    options.tls?.onSecured((connection) => this.#hear(connection));
  }

  /** How many connections are open. */
  get size(): number {
    return this.#sockets.size;
  }

  /**
   * Takes connections there.
   * @returns the address as clients write it, with the port that was given
   * @throws ListenError
   */
  async listen(endpoint: Endpoint): Promise<string> {
    const binding = await bind(endpoint, (socket) => this.#accept(socket));
    this.#bindings.push(binding);
    return binding.address;
  }

  /** Takes no new connections, and ends those that have not yet spoken. */
  close(): void {
    for (const binding of this.#bindings.splice(0)) binding.close();
    for (const connection of this.#silent.keys()) connection.destroy();
  }

  /** Ends all connections at once. */
  destroy(): void {
    this.close();
    for (const socket of this.#sockets) socket.destroy();
  }

  #accept(socket: Socket): void {
    const { maxConnections, tls } = this.options;
    // Whatever happens to a connection ends it, and its end is all that matters here.
    socket.on('error', () => undefined);
    if (this.#sockets.size >= maxConnections) {
      socket.destroy();
      this.#tellRefused();
      return;
    }
    this.#sockets.add(socket);
    socket.once('close', () => this.#sockets.delete(socket));
    if (tls) tls.accept(socket);
    else this.#hear(socket);
  }

  /** Waits for the first words of a connection, and passes it on; ends it where they are others or do not come. */
  #hear(connection: Duplex): void {
    // From the beginning, not from the last byte: one that drips is as bad as one that is silent.
    const timer = setTimeout(() => connection.destroy(), this.options.handshakeTimeoutMs);
    this.#silent.set(connection, timer);
    const end = () => {
      clearTimeout(timer);
      this.#silent.delete(connection);
      connection.off('close', end);
    };
    connection.once('close', end);
    firstFrame(connection, (speaks) => {
      end();
      if (speaks) this.serve(connection);
      else connection.destroy();
    });
  }

  #tellRefused(): void {
    this.#refused++;
    const now = performance.now();
    if (now - this.#toldRefused < tellRefusedMs) return;
    this.#toldRefused = now;
    this.options.logger.warn(
      { refused: this.#refused, maxConnections: this.options.maxConnections },
      'connections refused: there are as many as may be',
    );
  }
}
