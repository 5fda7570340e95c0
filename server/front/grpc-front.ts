/** A server of grpc-js behind a front: it is handed connections that are ready to be served. */
import { Server, ServerCredentials } from '@grpc/grpc-js';
import type { Limits } from '../domain/limits.js';
import type { Endpoint } from './endpoint.js';
import { Front, type FrontOptions } from './front.js';
import { grpcOptions } from './grpc-options.js';

export interface GrpcFrontOptions extends Omit<FrontOptions, 'maxConnections'> {
  readonly limits: Pick<Limits, 'maxConnections' | 'maxCallsPerConnection' | 'maxMessageBytes'>;
}

export class GrpcFront {
  /** Where services are added. */
  readonly server: Server;
  readonly #front: Front;

  constructor({ limits, ...options }: GrpcFrontOptions) {
    this.server = new Server(grpcOptions(limits));
    // Encrypted connections come here in clear; who the peer is, calls see all the same.
    const injector = this.server.createConnectionInjector(ServerCredentials.createInsecure());
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
    const finished = new Promise<'finished'>((resolve) => this.server.tryShutdown(() => resolve('finished')));
    let timer: NodeJS.Timeout | undefined;
    const timeIsUp = new Promise<'time is up'>((resolve) => {
      timer = setTimeout(() => resolve('time is up'), graceMs);
    });
    const how = await Promise.race([finished, timeIsUp]);
    clearTimeout(timer);
    const cutOff = how === 'finished' ? 0 : this.#front.size;
    this.destroy();
    return cutOff;
  }

  /** Ends everything at once. */
  destroy(): void {
    this.#front.destroy();
    this.server.forceShutdown();
  }
}
