/** One call on bare HTTP/2 with whatever headers and bytes, ended by us where the server does not end it. */
import { connect, constants, type ClientHttp2Session, type OutgoingHttpHeaders } from 'node:http2';
import { status } from '@grpc/grpc-js';

export interface FuzzCall {
  readonly headers: OutgoingHttpHeaders;
  readonly body: Buffer;
}

/** Name of the gRPC code, or how else it ended. */
export type Ending = string;

const endWithinMs = 3000;

export function headersFor(path: string): OutgoingHttpHeaders {
  return {
    ':method': 'POST',
    ':path': path,
    'content-type': 'application/grpc',
    te: 'trailers',
    // What waits, or goes on for ever, must end by itself.
    'grpc-timeout': '150m',
  };
}

export async function openSession(address: string): Promise<ClientHttp2Session> {
  const session = connect(`http://${address}`);
  session.on('error', () => undefined);
  await new Promise<void>((resolve, reject) => {
    session.once('connect', () => resolve());
    session.once('error', reject);
  });
  return session;
}

export function send(session: ClientHttp2Session, { headers, body }: FuzzCall): Promise<Ending> {
  return new Promise((resolve) => {
    let seen: string | undefined;
    let http: number | undefined;
    let stream: ReturnType<ClientHttp2Session['request']>;
    try {
      stream = session.request(headers);
    } catch (error) {
      resolve(`not sent: ${(error as NodeJS.ErrnoException).code}`);
      return;
    }
    const timer = setTimeout(() => stream.close(constants.NGHTTP2_CANCEL), endWithinMs);
    const see = (given: Record<string, unknown>) => {
      const code = given['grpc-status'];
      if (code !== undefined) seen = status[Number(code)] ?? `code ${Number(code)}`;
      http = Number(given[':status'] ?? http);
    };
    stream.on('response', see);
    stream.on('trailers', see);
    stream.on('data', () => undefined);
    stream.on('error', () => undefined);
    stream.once('close', () => {
      clearTimeout(timer);
      resolve(seen ?? (http === undefined || http === 200 ? `reset ${stream.rstCode}` : `HTTP ${http}`));
    });
    stream.end(body);
  });
}
