/** Calls made of bare HTTP/2, for what no gRPC library sends. */
import { once } from 'node:events';
import {
  connect,
  constants,
  type ClientHttp2Session,
  type ClientHttp2Stream,
  type IncomingHttpHeaders,
} from 'node:http2';
import { status } from '@grpc/grpc-js';

export interface RawAnswer {
  /** Name of the gRPC code; undefined where the stream ended without one. */
  readonly code: string | undefined;
  readonly message: string;
  /** `grpc-status-details-bin`, decoded from base64. */
  readonly details: Buffer | undefined;
  readonly body: Buffer;
}

export interface RawRequest {
  readonly headers?: Readonly<Record<string, string>>;
  /** What is sent; the stream is left open where `end` is false. */
  readonly body: Buffer;
  readonly end?: boolean;
  /** Resets the stream once the body is sent. */
  readonly reset?: boolean;
}

/** The messages of whole gRPC frames. */
export function messagesOf(bytes: Buffer): Buffer[] {
  const messages: Buffer[] = [];
  for (let at = 0; at + 5 <= bytes.length;) {
    const end = at + 5 + bytes.readUInt32BE(at + 1);
    if (end > bytes.length) break;
    messages.push(bytes.subarray(at + 5, end));
    at = end;
  }
  return messages;
}

/** A gRPC frame: flag, length, message. */
export function frame(message: Uint8Array, flag = 0, length = message.length): Buffer {
  const prefix = Buffer.alloc(5);
  prefix.writeUInt8(flag, 0);
  prefix.writeUInt32BE(length, 1);
  return Buffer.concat([prefix, message]);
}

export class RawConnection {
  readonly #session: ClientHttp2Session;

  constructor(address: string) {
    this.#session = connect(`http://${address}`);
    this.#session.on('error', () => undefined);
  }

  /** Makes one call; resolves when the server has ended it. */
  async call(path: string, request: RawRequest): Promise<RawAnswer> {
    const stream = this.#session.request({
      ':method': 'POST',
      ':path': path,
      'content-type': 'application/grpc',
      te: 'trailers',
      ...request.headers,
    });
    let seen: IncomingHttpHeaders = {};
    const chunks: Buffer[] = [];
    const see = (headers: IncomingHttpHeaders) => void (seen = { ...seen, ...headers });
    stream.on('response', see);
    stream.on('trailers', see);
    stream.on('data', (chunk: Buffer) => chunks.push(chunk));
    stream.on('error', () => undefined);
    if (request.reset) stream.write(request.body, () => stream.close(constants.NGHTTP2_CANCEL));
    else if (request.end === false) stream.write(request.body);
    else stream.end(request.body);
    // The server may have said all it has to say while our side is still open.
    if (!stream.closed) await Promise.race([once(stream, 'end'), once(stream, 'close')]);
    if (!stream.closed) stream.close();
    const code = seen['grpc-status'];
    const details = seen['grpc-status-details-bin'];
    return {
      code: code === undefined ? undefined : (status[Number(code)] ?? String(code)),
      message: decodeURI(String(seen['grpc-message'] ?? '')),
      details: details === undefined ? undefined : Buffer.from(String(details), 'base64'),
      body: Buffer.concat(chunks),
    };
  }

  /**
   * Opens a stream on which nothing is read until the test reads. (A grpc-js client
   * takes whatever comes and keeps it.)
   */
  open(path: string): ClientHttp2Stream {
    const stream = this.#session.request({
      ':method': 'POST',
      ':path': path,
      'content-type': 'application/grpc',
      te: 'trailers',
    });
    stream.on('error', () => undefined);
    return stream;
  }

  close(): void {
    this.#session.destroy();
  }
}
