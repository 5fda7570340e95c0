/**
 * A checksum with every value: LevelDB verifies none when it reads or compacts a
 * table, and would hand out a flipped bit as it lies. CRC-32 over key and value,
 * in the last four bytes, little-endian; the key is part of it so that a value
 * can not stand under another's key.
 */
import { crc32 } from 'node:zlib';
import { WazirError } from '../domain/errors.js';
import type { Entry, Op } from './store.js';

const checksumBytes = 4;

function checksum(key: string, value: Uint8Array): number {
  // zlib takes an empty view without memory behind it for the start of a new sum.
  return value.length === 0 ? crc32(key) : crc32(value, crc32(key));
}

/** The value as it is written. */
export function seal(key: string, value: Uint8Array): Uint8Array {
  const sealed = Buffer.allocUnsafe(value.length + checksumBytes);
  sealed.set(value);
  sealed.writeUInt32LE(checksum(key, value), value.length);
  return sealed;
}

/**
 * The value that was sealed.
 * @throws DATA_DAMAGED where the bytes are not what was written under the key
 */
export function unseal(key: string, sealed: Uint8Array): Uint8Array {
  const length = sealed.length - checksumBytes;
  if (length >= 0) {
    const value = sealed.subarray(0, length);
    const view = new DataView(sealed.buffer, sealed.byteOffset + length, checksumBytes);
    if (view.getUint32(0, true) === checksum(key, value)) return value;
  }
  throw new WazirError('DATA_DAMAGED', `the record ${JSON.stringify(key)} is damaged on disk`, {
    metadata: { key },
  });
}

/** Entries with the values that were sealed, in place. */
export function unsealAll(entries: Entry[]): Entry[] {
  for (const entry of entries) entry[1] = unseal(entry[0], entry[1]);
  return entries;
}

/** An operation as it is written. */
export function sealed(op: Op): Op {
  return op.type === 'put' ? { ...op, value: seal(op.key, op.value) } : op;
}
