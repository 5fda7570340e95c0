/**
 * Calls whose stream is gone before anybody has looked at them. grpc-js (1.14.7)
 * answers what is no call of a known method without asking whether its stream still
 * lives; where the peer has reset it, or its connection broke, in the same breath,
 * the answer throws out of an event, and the process ends.
 */
import type { EventEmitter } from 'node:events';
import type { ServerHttp2Stream } from 'node:http2';
import type { Server } from '@grpc/grpc-js';

type StreamListener = (stream: ServerHttp2Stream, ...rest: unknown[]) => void;

/** What of grpc-js is used beside its contract: its HTTP/2 servers, with what it knows of each. */
interface Inside {
  readonly http2Servers: ReadonlyMap<EventEmitter, unknown>;
}

/**
 * Lets a server hear of living streams alone. Call it once there is somewhere to
 * listen, an injector or a bound address.
 */
export function hearLivingStreams(server: Server): void {
  const { http2Servers } = server as unknown as Inside;
  if (http2Servers.size === 0) throw new Error('the server listens nowhere yet');
  for (const http2Server of http2Servers.keys()) {
    const listeners = http2Server.listeners('stream') as StreamListener[];
    http2Server.removeAllListeners('stream');
    http2Server.on('stream', (stream: ServerHttp2Stream, ...rest: unknown[]) => {
      // An error that nobody hears would end the process just as well.
      stream.on('error', () => undefined);
      if (stream.destroyed) return;
      for (const listener of listeners) listener.call(http2Server, stream, ...rest);
    });
  }
}
