/** Binds a server to its addresses. */
import { ServerCredentials, type Server } from '@grpc/grpc-js';
import { chmod, lstat, unlink } from 'node:fs/promises';
import { connect } from 'node:net';
import type { Address } from '../address.js';

/** An address that can not be listened on; the message names it. */
export class ListenError extends Error {
  constructor(address: string, cause: unknown) {
    super(`can not listen on ${address}: ${cause instanceof Error ? cause.message : String(cause)}`, {
      cause,
    });
    this.name = 'ListenError';
  }
}

// Owner and group: whoever may open the socket may do anything.
const socketMode = 0o660;

/**
 * Listens on an address.
 * @returns the address as clients write it, with the port that was given
 * @throws ListenError
 */
export async function listen(server: Server, address: Address): Promise<string> {
  const target = address.kind === 'unix' ? `unix:${address.path}` : formatTcp(address.host, address.port);
  try {
    if (address.kind === 'unix') await removeStaleSocket(address.path);
    const port = await bind(server, target);
    if (address.kind === 'unix') {
      await chmod(address.path, socketMode);
      return target;
    }
    return formatTcp(address.host, port);
  } catch (error) {
    throw new ListenError(target, error);
  }
}

function formatTcp(host: string, port: number): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}

function bind(server: Server, target: string): Promise<number> {
  return new Promise((resolve, reject) => {
    server.bindAsync(target, ServerCredentials.createInsecure(), (error, port) => {
      if (error) reject(error);
      else resolve(port);
    });
  });
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
