/** The few frames of HTTP/2 (RFC 9113) and of HPACK (RFC 7541) that a gRPC client sends. */

export const FrameType = {
  data: 0,
  headers: 1,
  resetStream: 3,
  settings: 4,
  ping: 6,
  goAway: 7,
  windowUpdate: 8,
} as const;

export const Flag = { endStream: 1, ack: 1, endHeaders: 4, padded: 8 } as const;

export const frameHeaderBytes = 9;
const grpcPrefixBytes = 5;
/** What a peer takes in one frame unless it says more (RFC 9113, section 6.5.2). */
const largestFrame = 16_384;

export function frame(type: number, flags: number, stream: number, payload: Uint8Array): Buffer {
  const bytes = Buffer.alloc(frameHeaderBytes + payload.length);
  bytes.writeUIntBE(payload.length, 0, 3);
  bytes[3] = type;
  bytes[4] = flags;
  bytes.writeUInt32BE(stream, 5);
  bytes.set(payload, frameHeaderBytes);
  return bytes;
}

/** A gRPC message in a DATA frame. `address` gives it its stream. */
export function messageFrame(message: Uint8Array): Buffer {
  const payload = Buffer.alloc(grpcPrefixBytes + message.length);
  payload.writeUInt32BE(message.length, 1);
  payload.set(message, grpcPrefixBytes);
  if (payload.length > largestFrame) throw new RangeError('the message does not fit one frame');
  return frame(FrameType.data, 0, 0, payload);
}

/** Sets flags and stream of a frame in place. */
export function address(bytes: Buffer, flags: number, stream: number): Buffer {
  bytes[4] = flags;
  bytes.writeUInt32BE(stream, 5);
  return bytes;
}

/** Settings by identifier (RFC 9113, section 6.5.2). */
export const Setting = { enablePush: 2, initialWindowSize: 4 } as const;

export function settingsFrame(settings: ReadonlyMap<number, number>): Buffer {
  const payload = Buffer.alloc(6 * settings.size);
  let at = 0;
  for (const [identifier, value] of settings) {
    payload.writeUInt16BE(identifier, at);
    payload.writeUInt32BE(value, at + 2);
    at += 6;
  }
  return frame(FrameType.settings, 0, 0, payload);
}

export function windowUpdateFrame(stream: number, increment: number): Buffer {
  const payload = Buffer.alloc(4);
  payload.writeUInt32BE(increment);
  return frame(FrameType.windowUpdate, 0, stream, payload);
}

// HPACK: places in the static table, and where the dynamic table begins.
const staticPost = 3;
const staticHttp = 6;
const firstDynamic = 62;
const indexed = 0x80;
const literalWithIndexing = 0x40;

/**
 * The HEADERS frames of one connection's calls of one method. As with real
 * clients the first enters the fields in the peer's table and the others point to
 * them, so the server pays for decoding them once.
 */
export class CallHeaders {
  readonly #first: Buffer;
  readonly #next: Buffer;
  #sentFirst = false;

  constructor(authority: string, path: string) {
    const fields = [
      [':path', path],
      [':authority', authority],
      ['content-type', 'application/grpc'],
      ['te', 'trailers'],
      ['user-agent', 'wazir-bench'],
      ['grpc-timeout', '60S'],
    ] as const;
    const head = Buffer.from([indexed | staticPost, indexed | staticHttp]);
    const literals = fields.map(([name, value]) =>
      Buffer.concat([Buffer.from([literalWithIndexing]), text(name), text(value)]),
    );
    // The newest entry has the lowest number.
    const places = fields.map((_, i) => indexed | (firstDynamic + fields.length - 1 - i));
    this.#first = frame(FrameType.headers, Flag.endHeaders, 0, Buffer.concat([head, ...literals]));
    this.#next = frame(FrameType.headers, Flag.endHeaders, 0, Buffer.concat([head, Buffer.from(places)]));
  }

  for(stream: number): Buffer {
    const bytes = Buffer.from(this.#sentFirst ? this.#next : this.#first);
    this.#sentFirst = true;
    return address(bytes, Flag.endHeaders, stream);
  }
}

/** A string as it is: no Huffman code, its length in one byte. */
function text(value: string): Buffer {
  const bytes = Buffer.from(value, 'latin1');
  if (bytes.length > 126) throw new RangeError(`${value} is too long`);
  return Buffer.concat([Buffer.from([bytes.length]), bytes]);
}
