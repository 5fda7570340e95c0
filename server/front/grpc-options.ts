import type { ServerOptions } from '@grpc/grpc-js';
import type { Limits } from '../domain/limits.js';

/**
 * Settings of grpc-js, most of which bound nothing unless told.
 *
 * Keepalive ends the calls of peers that died or froze without a word. A connection
 * without calls is closed after half an hour; clients open another when they call
 * again, and one with an open call counts as used.
 */
export function grpcOptions(
  limits: Pick<Limits, 'maxCallsPerConnection' | 'maxMessageBytes'>,
): ServerOptions {
  return {
    'grpc.max_concurrent_streams': limits.maxCallsPerConnection,
    'grpc.max_receive_message_length': limits.maxMessageBytes,
    'grpc.keepalive_time_ms': 60_000,
    'grpc.keepalive_timeout_ms': 20_000,
    'grpc.max_connection_idle_ms': 30 * 60_000,
    // Of one connection, in MB: what HTTP/2 itself holds. Beyond it new calls are refused, then the connection ends.
    'grpc-node.max_session_memory': 64,
    // Books about every connection and call, which nobody reads.
    'grpc.enable_channelz': 0,
  };
}
