/**
 * Makes a data directory out of a backup. The whole file is checked before the
 * first byte is written; then a mark is set, the database written and read back,
 * its identity given, and the mark taken away. A directory with the mark is
 * opened by nobody, so a crash anywhere leaves no half of a database to be served.
 */
import { createHash, randomUUID } from 'node:crypto';
import { mkdir, readdir, rm } from 'node:fs/promises';
import { Level } from 'level';
import { DatabaseRecord } from '../gen/wazir/internal/v1/records.js';
import { BackupError } from './backup-error.js';
import { entryBytes, readBackup, type BackupSummary } from './backup-reader.js';
import { seal } from './checksum.js';
import { readerOf } from './database-reader.js';
import {
  databaseDirectory,
  establishIdentity,
  isIncidental,
  makeDirectory,
  removeIdentity,
  syncDirectory,
} from './identity.js';
import { keys } from './keys.js';
import { StoreOpenError } from './open-error.js';
import { isRestoreUnfinished, markRestore, restoreMarker, unmarkRestore } from './restore-marker.js';

const batchBytes = 2 ** 20;

export interface Restored extends BackupSummary {
  /** Id of the database that has been made. */
  readonly id: string;
}

/**
 * Restores into an empty or missing directory, or over what an earlier restore
 * did not finish. The database gets an id of its own and goes on with an epoch
 * after that of the backup.
 * @param open the pieces of the file from its beginning; called twice
 * @throws BackupError where the file is not whole; the directory is untouched then
 * @throws StoreOpenError where the directory is not empty or can not be used
 */
export async function restoreBackup(
  open: () => AsyncIterable<Uint8Array>,
  directory: string,
): Promise<Restored> {
  await refuseUsed(directory);
  const summary = await readBackup(open());
  try {
    await makeDirectory(directory);
    await markRestore(directory);
  } catch (cause) {
    throw unusable(directory, cause);
  }
  let mine = false;
  try {
    // Of an earlier restore: the mark says so.
    await removeIdentity(directory);
    await rm(databaseDirectory(directory), { recursive: true, force: true });
    await mkdir(databaseDirectory(directory), { mode: 0o700 });
    await syncDirectory(directory);
    mine = true;
    const identity = {
      format: summary.header.databaseFormat,
      id: randomUUID(),
      openings: summary.header.epoch,
    };
    await write(open, directory, DatabaseRecord.fromPartial(identity));
    if ((await contentSha256(directory)) !== summary.entriesSha256)
      throw new Error('what was written reads back differently');
    if (!(await establishIdentity(directory, identity)))
      throw new Error('somebody else has begun to use the directory');
    await unmarkRestore(directory);
    return { ...summary, id: identity.id };
  } catch (cause) {
    if (mine) await clear(directory);
    throw cause instanceof BackupError ? cause : unusable(directory, cause);
  }
}

async function refuseUsed(directory: string): Promise<void> {
  const entries = await readdir(directory).catch((cause: NodeJS.ErrnoException): string[] => {
    if (cause.code === 'ENOENT') return [];
    throw unusable(directory, cause);
  });
  if (entries.includes(restoreMarker) && (await isRestoreUnfinished(directory))) return;
  const used = entries.find((entry) => !isIncidental(entry));
  if (used === undefined) return;
  throw new StoreOpenError(
    'FOREIGN_DIRECTORY',
    `${directory} is not empty (it holds ${JSON.stringify(used)}); a backup is restored into an empty directory alone`,
  );
}

async function write(
  open: () => AsyncIterable<Uint8Array>,
  directory: string,
  record: DatabaseRecord,
): Promise<void> {
  const database = new Level<string, Uint8Array>(databaseDirectory(directory), { valueEncoding: 'view' });
  await database.open();
  try {
    let batch = database.batch().put(keys.database, DatabaseRecord.encode(record).finish());
    let bytes = 0;
    // Each one synced: a log that LevelDB has turned into a table was not by the last one's sync.
    const flush = () => batch.write({ sync: true });
    await readBackup(open(), async ({ key, value }) => {
      batch.put(key, seal(key, value));
      bytes += key.length + value.length;
      if (bytes < batchBytes) return;
      await flush();
      batch = database.batch();
      bytes = 0;
    });
    await flush();
  } finally {
    await database.close();
  }
}

/** SHA-256 of all entries as they lie there, as the backup's summary has it. */
async function contentSha256(directory: string): Promise<string> {
  const database = new Level<string, Uint8Array>(databaseDirectory(directory), {
    createIfMissing: false,
    valueEncoding: 'view',
  });
  await database.open();
  try {
    const hash = createHash('sha256');
    for await (const [key, value] of readerOf(database).iterate({ gt: keys.database }))
      hash.update(entryBytes(key, value));
    return hash.digest('hex');
  } finally {
    await database.close();
  }
}

/** Takes back what was written, the mark last. */
async function clear(directory: string): Promise<void> {
  try {
    await removeIdentity(directory);
    await rm(databaseDirectory(directory), { recursive: true, force: true });
    await unmarkRestore(directory);
  } catch {
    // The mark stays, and says what this is.
  }
}

function unusable(directory: string, cause: unknown): StoreOpenError {
  const why = cause instanceof Error ? cause.message : String(cause);
  return new StoreOpenError('DIRECTORY_UNUSABLE', `${directory} can not be restored into: ${why}`, cause);
}
