/** Binds an endpoint: TCP with all addresses that its host has, or a unix socket. */
import { once } from 'node:events';
import { chmod, lstat, unlink } from 'node:fs/promises';
import {
  connect,
  createServer,
  type AddressInfo,
  type ListenOptions,
  type Server,
  type Socket,
} from 'node:net';
import { formatAddress } from '../address.js';
import type { Endpoint } from './endpoint.js';
import { ListenError } from './listen-error.js';

export interface Binding {
  /** As clients write it, with the port that was given. */
  readonly address: string;
  /** Takes no new connections; those that there are live on. Removes a unix socket. */
  close(): void;
}

type Accept = (socket: Socket) => void;

// Owner and group: whoever may open the socket may do anything.
const socketMode = 0o660;
// A free port of one address of a host may be taken on another.
const portAttempts = 10;

/**
 * Listens at an endpoint, and hands over what connects.
 * @throws ListenError
 */
export async function bind({ text, address, hosts }: Endpoint, accept: Accept): Promise<Binding> {
  try {
    if (address.kind === 'unix') {
      await removeStaleSocket(address.path);
      const server = await listen({ path: address.path }, accept);
      await chmod(address.path, socketMode);
      return { address: text, close: () => server.close() };
    }
    const servers = await bindHosts(hosts, address.port, accept);
    const { port } = servers[0]!.address() as AddressInfo;
    return {
      address: formatAddress({ ...address, port }),
      close: () => servers.forEach((server) => server.close()),
    };
  } catch (error) {
    throw new ListenError(text, error);
  }
}

async function listen(options: ListenOptions, accept: Accept): Promise<Server> {
  // Small answers must not wait for the acknowledgement of those before.
  const server = createServer({ noDelay: true }, accept);
  // Out of file descriptors, accepting fails for a while; whoever holds them will close some.
  server.listen(options);
  await once(server, 'listening');
  server.on('error', () => undefined);
  return server;
}

/** One port on all hosts. A host that this machine turns out not to have is left out as long as another is bound. */
async function bindHosts(hosts: readonly string[], port: number, accept: Accept): Promise<Server[]> {
  for (let attempt = 1; ; attempt++) {
    const servers: Server[] = [];
    let missing: unknown;
    try {
      for (const host of hosts) {
        const bound = servers[0] ? (servers[0].address() as AddressInfo).port : port;
        const server = await listen({ host, port: bound }, accept).catch((error: unknown) => {
          if (!isMissing(error)) throw error;
          missing = error;
        });
        if (server) servers.push(server);
      }
      if (servers.length > 0) return servers;
      throw missing;
    } catch (error) {
      for (const server of servers) server.close();
      const isTaken = (error as NodeJS.ErrnoException).code === 'EADDRINUSE';
      if (port !== 0 || !isTaken || attempt === portAttempts) throw error;
    }
  }
}

function isMissing(error: unknown): boolean {
  const { code } = error as NodeJS.ErrnoException;
  return code === 'EADDRNOTAVAIL' || code === 'EAFNOSUPPORT';
}

/** A socket that nobody answers on is left from a server that was killed; it would keep the address taken. */
async function removeStaleSocket(path: string): Promise<void> {
  const found = await lstat(path).catch(() => undefined);
  if (!found?.isSocket()) return;
  const socket = connect(path);
  const answered = await new Promise<boolean>((resolve) => {
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
  });
  // Else whoever answered would wait for us when it ends.
  socket.destroy();
  if (!answered) await unlink(path);
}
