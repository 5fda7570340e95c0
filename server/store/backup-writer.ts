/** Makes the file of a backup; its form is in `proto/wazir/internal/v1/backup.proto`. */
import { createHash } from 'node:crypto';
import { BinaryWriter } from '@bufbuild/protobuf/wire';
import { BackupPart, type BackupHeader } from '../gen/wazir/internal/v1/backup.js';
import { keys } from './keys.js';
import type { Range, Store } from './store.js';

/** Version of the file's own format. */
export const backupFormat = 1;

export const backupMagic: Uint8Array = Buffer.from('WAZIRBK\n');

/** Pieces are of so many bytes, the last one aside. */
export const pieceBytes = 2 ** 17;

/** Where the records come from, as the file's header says it. */
export type BackupSource = Omit<BackupHeader, 'format'>;

/**
 * Everything but what a database keeps of itself: its identity, its secret, and the
 * journal, whose numbers mean something in the log that they were written to alone.
 */
const everything: Range = { gt: keys.secret };
const journalPrefix = keys.journals().gt!;

/** Whether a key is one of those. */
export function isInBackups(key: string): boolean {
  return !key.startsWith('!') && !key.startsWith(journalPrefix);
}

/** The pieces of the file, as the store is at the first step. Ending it early lets go of the snapshot. */
export async function* backupPieces(
  store: Pick<Store, 'iterate'>,
  source: BackupSource,
): AsyncGenerator<Buffer<ArrayBuffer>, void, undefined> {
  const hash = createHash('sha256');
  let waiting: Uint8Array[] = [backupMagic];
  let waitingBytes = backupMagic.length;
  hash.update(backupMagic);
  const add = (part: BackupPart['part']) => {
    const bytes = partBytes(part);
    hash.update(bytes);
    waiting.push(bytes);
    waitingBytes += bytes.length;
  };
  /** What is waiting, whole pieces of it or all. */
  const take = (all: boolean): Buffer<ArrayBuffer>[] => {
    const bytes = Buffer.concat(waiting);
    const pieces: Buffer<ArrayBuffer>[] = [];
    let at = 0;
    for (; bytes.length - at >= pieceBytes; at += pieceBytes)
      pieces.push(bytes.subarray(at, at + pieceBytes));
    if (all && at < bytes.length) pieces.push(bytes.subarray(at));
    waiting = all ? [] : [bytes.subarray(at)];
    waitingBytes = all ? 0 : bytes.length - at;
    return pieces;
  };

  add({ $case: 'header', value: { format: backupFormat, ...source } });
  let entries = 0;
  for await (const [key, value] of store.iterate(everything)) {
    if (!isInBackups(key)) continue;
    add({ $case: 'entry', value: { key, value: Buffer.from(value) } });
    entries++;
    if (waitingBytes >= pieceBytes) yield* take(false);
  }
  const sha256 = hash.digest();
  waiting.push(partBytes({ $case: 'trailer', value: { entries, sha256 } }));
  yield* take(true);
}

/** A part as it stands in the file: its length, and itself. */
export function partBytes(part: BackupPart['part']): Uint8Array {
  return new BinaryWriter().bytes(BackupPart.encode({ part }).finish()).finish();
}
