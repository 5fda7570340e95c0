/**
 * A connection between two processes of one server: frames of a number, a tag and
 * bytes. All that is sent in one turn of the event loop is one write, as one write
 * costs more than the passing on of a report.
 */
import type { Socket } from 'node:net';

const headerBytes = 9;

interface Frame {
  readonly id: number;
  readonly tag: number;
  readonly bytes: Uint8Array;
}

export class Link {
  #out: Frame[] = [];
  #outBytes = 0;
  #rest: Buffer = Buffer.alloc(0);

  /** @param take is given each frame; the bytes are a view on what was read, never written again */
  constructor(
    private readonly socket: Socket,
    private readonly take: (id: number, tag: number, bytes: Buffer) => void,
  ) {
    socket.on('data', (chunk: Buffer) => this.#read(chunk));
  }

  send(id: number, tag: number, bytes: Uint8Array): void {
    if (this.#out.length === 0) setImmediate(() => this.#write());
    this.#out.push({ id, tag, bytes });
    this.#outBytes += headerBytes + bytes.length;
  }

  #write(): void {
    const batch = Buffer.allocUnsafe(this.#outBytes);
    let at = 0;
    for (const { id, tag, bytes } of this.#out) {
      batch.writeUInt32BE(bytes.length, at);
      batch.writeUInt32BE(id, at + 4);
      batch[at + 8] = tag;
      batch.set(bytes, at + headerBytes);
      at += headerBytes + bytes.length;
    }
    this.#out = [];
    this.#outBytes = 0;
    this.socket.write(batch);
  }

  #read(chunk: Buffer): void {
    const bytes = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    let at = 0;
    while (bytes.length - at >= headerBytes) {
      const start = at + headerBytes;
      const end = start + bytes.readUInt32BE(at);
      if (end > bytes.length) break;
      this.take(bytes.readUInt32BE(at + 4), bytes[at + 8]!, bytes.subarray(start, end));
      at = end;
    }
    this.#rest = bytes.subarray(at);
  }
}
