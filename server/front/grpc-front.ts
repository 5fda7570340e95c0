/** A server of grpc-js behind a front: it is handed connections that are ready to be served. */
import { Server, ServerCredentials } from '@grpc/grpc-js';
import type { EventEmitter } from 'node:events';
import type { ServerHttp2Session } from 'node:http2';
import { setTimeout } from 'node:timers/promises';
import type { Limits } from '../domain/limits.js';
import type { Endpoint } from './endpoint.js';
import { Front, type FrontOptions } from './front.js';
import { grpcOptions } from './grpc-options.js';

export interface GrpcFrontOptions extends Omit<FrontOptions, 'maxConnections'> {
  readonly limits: Pick<Limits, 'maxConnections' | 'maxCallsPerConnection' | 'maxMessageBytes'>;
}

/** What of grpc-js is used beside its contract: its HTTP/2 servers, with what it knows of each. */
interface Inside {
  readonly http2Servers: ReadonlyMap<EventEmitter, unknown>;
}

const lookAgainMs = 10;
const flushMs = 1000;

export class GrpcFront {
  /** Where services are added. */
  readonly server: Server;
  readonly #front: Front;
  readonly #sessions = new Set<ServerHttp2Session>();

  constructor({ limits, ...options }: GrpcFrontOptions) {
    this.server = new Server(grpcOptions(limits));
    // Encrypted connections come here in clear; who the peer is, calls see all the same.
    const injector = this.server.createConnectionInjector(ServerCredentials.createInsecure());
    for (const http2Server of (this.server as unknown as Inside).http2Servers.keys())
      http2Server.on('session', (session: ServerHttp2Session) => {
        this.#sessions.add(session);
        session.once('close', () => this.#sessions.delete(session));
      });
    const { maxConnections } = limits;
    this.#front = new Front((connection) => injector.injectConnection(connection), {
      ...options,
      maxConnections,
    });
  }

  /**
   * Serves there.
   * @returns the address as clients write it, with the port that was given
   * @throws ListenError
   */
  listen(endpoint: Endpoint): Promise<string> {
    return this.#front.listen(endpoint);
  }

  /** How many connections are open. */
  get connections(): number {
    return this.#front.size;
  }

  /**
   * Takes no new connections or calls, and lets those under way finish for so long.
   * @returns how many connections were cut off after that
   */
  async shutDown(graceMs: number): Promise<number> {
    this.#front.close();
    // It knows when its calls have ended only while it keeps books (channelz), or listens itself.
    this.server.tryShutdown(() => undefined);
    for (const session of this.#sessions) if (!session.closed) session.close();
    await this.#until(() => this.#busy === 0, graceMs);
    const cutOff = this.#busy;
    // What has been said must still reach those who were served.
    if (cutOff === 0) await this.#until(() => this.connections === 0, flushMs);
    this.destroy();
    return cutOff;
  }

  /** Sessions with calls that have not ended; after a fault of HTTP/2 a socket may outlive its session. */
  get #busy(): number {
    let busy = 0;
    for (const session of this.#sessions) if (!session.destroyed) busy++;
    return busy;
  }

  async #until(isSo: () => boolean, mostMs: number): Promise<void> {
    const deadline = performance.now() + mostMs;
    while (!isSo() && performance.now() < deadline) await setTimeout(lookAgainMs);
  }

  /** Ends everything at once. */
  destroy(): void {
    this.#front.destroy();
    this.server.forceShutdown();
  }
}
