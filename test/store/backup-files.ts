/** Backups in memory, for tests. */
import { backupDirectory } from '../../server/store/backup-directory.js';
import { readBackup, type BackupSummary } from '../../server/store/backup-reader.js';

/** The file of a backup of a directory that nobody uses. */
export async function backupOf(directory: string): Promise<Buffer> {
  return joined(backupDirectory(directory, 1_700_000_000_123));
}

export async function joined(pieces: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const all: Uint8Array[] = [];
  for await (const piece of pieces) all.push(piece);
  return Buffer.concat(all);
}

/** In pieces of so many bytes. */
export async function* pieces(file: Uint8Array, bytes = 10_000): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < file.length; at += bytes) yield file.subarray(at, at + bytes);
}

export function summaryOf(file: Uint8Array): Promise<BackupSummary> {
  return readBackup(pieces(file));
}
