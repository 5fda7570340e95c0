import { frameHeaderBytes } from './http2-frames.js';

/** Takes one frame; the payload is a view that holds until the call returns. */
export type FrameListener = (type: number, flags: number, stream: number, payload: Buffer) => void;

/** Cuts the bytes of a connection into frames (RFC 9113, section 4.1). */
export class FrameReader {
  #rest: Buffer = Buffer.alloc(0);

  constructor(private readonly listener: FrameListener) {}

  take(chunk: Buffer): void {
    const bytes = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    let at = 0;
    while (bytes.length - at >= frameHeaderBytes) {
      const start = at + frameHeaderBytes;
      const end = start + bytes.readUIntBE(at, 3);
      if (end > bytes.length) break;
      this.listener(
        bytes[at + 3]!,
        bytes[at + 4]!,
        bytes.readUInt32BE(at + 5) & 0x7fffffff,
        bytes.subarray(start, end),
      );
      at = end;
    }
    this.#rest = bytes.subarray(at);
  }
}
