/**
 * Encodes messages with one writer for all: 0.6 µs for the record of a measurement,
 * where a writer of its own for each took 2.9. Three things make the difference:
 * the writer's buffer is kept (1.6 µs), numbers below 2^32 do not go through BigInt
 * (0.2), and the bytes are cut from Node's pool of buffers in place of an allocation
 * each (0.5).
 */
import { BinaryWriter } from '@bufbuild/protobuf/wire';

/** What is used of a generated message type. */
export interface Encoding<Message> {
  encode(message: Message, writer?: BinaryWriter): BinaryWriter;
}

/** What of the library's writer is used beside its contract (2.17); encode.test.ts compares the bytes. */
interface Inside {
  buffer: Uint8Array;
  pos: number;
  stackPos: number[];
  viewCache: DataView;
}

/** Where a large message has made the buffer larger than this, it is not kept. */
const keptBytes = 64 * 1024;

class PooledWriter extends BinaryWriter {
  override int64(value: string | number | bigint): this {
    if (typeof value === 'number' && value >= 0 && value < 2 ** 32) this.uint32(value);
    else super.int64(value);
    return this;
  }

  /** The bytes written, in a buffer of their own; ready for the next message. */
  take(): Buffer {
    const inside = this as unknown as Inside;
    const bytes = Buffer.allocUnsafe(inside.pos);
    bytes.set(inside.buffer.subarray(0, inside.pos));
    this.#restart(inside);
    return bytes;
  }

  /** Ready for the next message, also where the last one could not be encoded. */
  restart(): void {
    this.#restart(this as unknown as Inside);
  }

  #restart(inside: Inside): void {
    inside.pos = 0;
    if (inside.stackPos.length > 0) inside.stackPos = [];
    if (inside.buffer.length <= keptBytes) return;
    inside.buffer = new Uint8Array(keptBytes);
    // The library takes a view for the buffer's own as long as it is as long.
    inside.viewCache = new DataView(inside.buffer.buffer);
  }
}

const writer = new PooledWriter();

const none: readonly Uint8Array[] = [];

/**
 * The bytes of a message, the same as `type.encode(message).finish()` gives.
 * @param before bytes that come first: fields of the message that are encoded already, each with its tag
 */
export function encode<Message>(
  type: Encoding<Message>,
  message: Message,
  before: readonly Uint8Array[] = none,
): Buffer {
  try {
    for (const field of before) writer.raw(field);
    type.encode(message, writer);
    return writer.take();
  } catch (error) {
    writer.restart();
    throw error;
  }
}
