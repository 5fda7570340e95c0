/**
 * Reads very many records one after the other, as loading a study does: what the
 * generated decoders ask of the library's reader, without what is allocated on the way.
 *
 * Measured over trial records of 585 bytes: TrialRecord.decode takes 5.2 µs, the narrow
 * TrialOutline.decode 2.5 µs with the library's reader and 0.7 µs with this one. The gain
 * is in `skip`, which there makes a view of every field that nobody wants, and in
 * `int64`, which there makes a BigInt that the decoders turn into a number by way of a
 * string.
 *
 * Messages that it reads must have no fixed32, fixed64 or float: these would throw.
 */
import { BinaryReader, WireType } from '@bufbuild/protobuf/wire';

/** What the library keeps to itself, or does not let change. */
interface Insides {
  buf: Uint8Array;
  len: number;
}

const nothing = new Uint8Array(0);

/** Eight bytes and the number that they are: a view of each record is what `double` there costs. */
const eight = new DataView(new ArrayBuffer(8));

export class RecordReader extends BinaryReader {
  /** What `int64` has read; see there. */
  #number = 0;

  constructor() {
    super(nothing);
  }

  /** Goes to the beginning of another record; its checksum must have been verified. */
  over(record: Uint8Array): this {
    const insides = this as unknown as Insides;
    insides.buf = record;
    insides.len = record.length;
    this.pos = 0;
    return this;
  }

  /** Lets go of the record. */
  release(): void {
    this.over(nothing);
  }

  /** A number below 2^53; larger ones, which no record holds, are refused by the decoder. */
  override int64(): string {
    const bytes = (this as unknown as Insides).buf;
    let byte = bytes[this.pos++]!;
    let number = byte & 0x7f;
    let place = 0x80;
    // By multiplication, since shifts end at 32 bits. Negative ones come out above 2^53.
    while (byte >= 0x80) {
      byte = bytes[this.pos++]!;
      number += (byte & 0x7f) * place;
      place *= 0x80;
    }
    this.#checkEnd();
    this.#number = number;
    // The decoder asks for `toString` and takes the number of what that gives.
    return this as unknown as string;
  }

  override toString(): string {
    return this.#number as unknown as string;
  }

  override double(): number {
    const bytes = (this as unknown as Insides).buf;
    const start = this.pos;
    this.pos += 8;
    this.#checkEnd();
    for (let i = 0; i < 8; i++) eight.setUint8(i, bytes[start + i]!);
    return eight.getFloat64(0, true);
  }

  #checkEnd(): void {
    if (this.pos > this.len) throw new RangeError('the record ends in the middle of a field');
  }

  /** @returns nothing of use: the decoders drop it */
  override skip(type: WireType, field?: number): Uint8Array {
    const bytes = (this as unknown as Insides).buf;
    switch (type) {
      case WireType.Varint:
        while (bytes[this.pos++]! >= 0x80);
        break;
      case WireType.Bit64:
        this.pos += 8;
        break;
      case WireType.LengthDelimited: {
        const length = this.uint32();
        this.pos += length;
        break;
      }
      case WireType.Bit32:
        this.pos += 4;
        break;
      default:
        return super.skip(type, field);
    }
    this.#checkEnd();
    return nothing;
  }
}
