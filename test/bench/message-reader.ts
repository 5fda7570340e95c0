const prefixBytes = 5;

/** Cuts the DATA of a call into gRPC messages: a byte of flags, four of length, the message. */
export class MessageReader {
  #rest: Buffer = Buffer.alloc(0);

  /** @param listener takes a message; it is a view, valid for as long as nobody writes to the chunk */
  constructor(private readonly listener: (message: Buffer) => void) {}

  take(chunk: Buffer): void {
    const bytes = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    let at = 0;
    while (bytes.length - at >= prefixBytes) {
      if (bytes[at] !== 0) throw new Error('a compressed message, which was not asked for');
      const start = at + prefixBytes;
      const end = start + bytes.readUInt32BE(at + 1);
      if (end > bytes.length) break;
      this.listener(bytes.subarray(start, end));
      at = end;
    }
    this.#rest = bytes.subarray(at);
  }
}
