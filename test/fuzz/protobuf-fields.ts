/** Protobuf's wire format, as far as a fuzzer needs it: a message as a list of fields, and back. */

export interface Field {
  readonly number: number;
  /** 0 varint, 1 eight bytes, 2 length-delimited, 5 four bytes. */
  readonly type: number;
  /** The value's bytes, without a length. */
  readonly value: Buffer;
}

export function varint(value: bigint): Buffer {
  const bytes: number[] = [];
  let rest = BigInt.asUintN(64, value);
  do {
    bytes.push(Number(rest & 0x7fn) | (rest > 0x7fn ? 0x80 : 0));
    rest >>= 7n;
  } while (rest > 0n);
  return Buffer.from(bytes);
}

export function encodeField({ number, type, value }: Field): Buffer {
  const tag = varint((BigInt(number) << 3n) | BigInt(type));
  return type === 2 ? Buffer.concat([tag, varint(BigInt(value.length)), value]) : Buffer.concat([tag, value]);
}

export function encodeFields(fields: readonly Field[]): Buffer {
  return Buffer.concat(fields.map(encodeField));
}

/** The fields of bytes; undefined where they are no message. */
export function decodeFields(bytes: Buffer): Field[] | undefined {
  const fields: Field[] = [];
  let at = 0;
  const readVarint = (): number | undefined => {
    let value = 0;
    for (let shift = 0; shift < 70 && at < bytes.length; shift += 7) {
      const byte = bytes[at++]!;
      value += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) return value;
    }
    return undefined;
  };
  while (at < bytes.length) {
    const tag = readVarint();
    if (tag === undefined || tag < 8) return undefined;
    const type = tag % 8;
    const begin = at;
    let end: number;
    if (type === 0) {
      if (readVarint() === undefined) return undefined;
      end = at;
    } else if (type === 2) {
      const length = readVarint();
      if (length === undefined) return undefined;
      end = at + length;
      if (end > bytes.length) return undefined;
      fields.push({ number: Math.floor(tag / 8), type, value: bytes.subarray(at, end) });
      at = end;
      continue;
    } else if (type === 1 || type === 5) end = at + (type === 1 ? 8 : 4);
    else return undefined;
    if (end > bytes.length) return undefined;
    fields.push({ number: Math.floor(tag / 8), type, value: bytes.subarray(begin, end) });
    at = end;
  }
  return fields;
}
