/**
 * A directory's database to read from, while no server uses it, without changing
 * it. To open a LevelDB is to change it: its log becomes a table, and what is
 * damaged in it is dropped for good. So what is opened is a second set of its
 * files: tables, which never change, as further names of the same; the others as
 * copies. The lock is the one of the original, as a further name of its file.
 */
import { constants } from 'node:fs';
import { copyFile, link, mkdir, mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { Level } from 'level';
import { DatabaseRecord } from '../gen/wazir/internal/v1/records.js';
import { readerOf, type Reader } from './database-reader.js';
import { droppedRecords } from './dropped-records.js';
import { databaseDirectory, readIdentity, refuseNewerFormat, type Identity } from './identity.js';
import { keys } from './keys.js';
import { isOurs, ownerNoted } from './lock-owner.js';
import { StoreOpenError } from './open-error.js';
import { refuseUnfinishedRestore } from './restore-marker.js';

export interface StillView extends Reader {
  readonly identity: Identity;
  /** What the database says of itself; undefined where it has no such record. */
  readonly record: DatabaseRecord | undefined;
  /** What LevelDB drops from the log as damaged, in its words. */
  readonly dropped: readonly string[];
  /** Values as they lie, with their checksums. */
  readonly raw: Level<string, Uint8Array>;
  close(): Promise<void>;
}

const prefix = 'view-';
const attempts = 5;

/** @throws StoreOpenError where there is no database that can be read, or a server has it. */
export async function openStillView(directory: string): Promise<StillView> {
  await refuseUnfinishedRestore(directory);
  const identity = await readIdentity(directory);
  if (!identity)
    throw new StoreOpenError(
      'FOREIGN_DIRECTORY',
      `${directory} is no data directory: it has no identity file`,
    );
  if (await isOurs(directory)) throw await locked(directory, undefined);
  const view = await mkdtemp(join(directory, `${prefix}${process.pid}-`)).catch((cause: unknown) => {
    throw unusable(directory, cause);
  });
  let raw: Level<string, Uint8Array> | undefined;
  try {
    raw = await openSecondSet(directory, view);
    await removeLeftovers(directory);
    const value: Uint8Array | undefined = await raw.get(keys.database).catch(async (error: unknown) => {
      throw await openFailure(directory, error);
    });
    const record = value && DatabaseRecord.decode(value);
    if (record) refuseNewerFormat(directory, record.migration?.to ?? record.format);
    const database = raw;
    return {
      ...readerOf(database),
      identity,
      record,
      dropped: await droppedRecords(view),
      raw: database,
      async close() {
        await database.close();
        await rm(view, { recursive: true, force: true });
      },
    };
  } catch (error) {
    await raw?.close();
    await rm(view, { recursive: true, force: true });
    throw error;
  }
}

async function openSecondSet(directory: string, view: string): Promise<Level<string, Uint8Array>> {
  const from = databaseDirectory(directory);
  const to = databaseDirectory(view);
  for (let attempt = 1; ; attempt++) {
    const before = await filesOf(directory, from);
    await copySet(from, to, Object.keys(before)).catch((cause: unknown) => {
      throw unusable(directory, cause);
    });
    const raw = new Level<string, Uint8Array>(to, {
      createIfMissing: false,
      keyEncoding: 'utf8',
      valueEncoding: 'view',
    });
    await raw.open().catch(async (error: unknown) => {
      throw await openFailure(directory, error);
    });
    // Locked from here on. A server that ended just before has changed what was being copied.
    if (JSON.stringify(await filesOf(directory, from)) === JSON.stringify(before)) return raw;
    await raw.close();
    await rm(to, { recursive: true });
    if (attempt === attempts) throw unusable(directory, new Error('its files keep changing'));
  }
}

/** Names, sizes and times of a database's files. */
async function filesOf(directory: string, database: string): Promise<Record<string, string>> {
  const names = await readdir(database).catch((cause: NodeJS.ErrnoException) => {
    if (cause.code !== 'ENOENT') throw unusable(directory, cause);
    throw new StoreOpenError(
      'DATABASE_MISSING',
      `${directory} has lost its database: there is no ${database}`,
    );
  });
  const files: Record<string, string> = {};
  for (const name of names.sort()) {
    if (!/^(CURRENT|LOCK|MANIFEST-\d+|\d+\.(ldb|sst|log))$/.test(name)) continue;
    const found = await stat(join(database, name)).catch(() => undefined);
    if (found) files[name] = `${found.size} ${found.mtimeMs}`;
  }
  return files;
}

async function copySet(from: string, to: string, names: readonly string[]): Promise<void> {
  await mkdir(to);
  for (const name of names) {
    const source = join(from, name);
    const target = join(to, name);
    const never = name === 'LOCK' || name.endsWith('.ldb') || name.endsWith('.sst');
    const linked =
      never &&
      (await link(source, target).then(
        () => true,
        () => false,
      ));
    if (linked) continue;
    await copyFile(source, target, constants.COPYFILE_FICLONE).catch((cause: NodeJS.ErrnoException) => {
      // Deleted by a server that is closing: the listing afterwards tells.
      if (cause.code !== 'ENOENT') throw cause;
    });
  }
}

/** What views left behind that were killed: it would keep deleted tables on the disk. */
async function removeLeftovers(directory: string): Promise<void> {
  const mine = `${prefix}${process.pid}-`;
  for (const name of await readdir(directory))
    if (/^view-\d+-/.test(name) && !name.startsWith(mine))
      await rm(join(directory, name), { recursive: true, force: true });
}

async function locked(directory: string, cause: unknown): Promise<StoreOpenError> {
  const owner = (await ownerNoted(directory)) ?? 'another process';
  return new StoreOpenError('LOCKED', `${directory} is in use by ${owner}; stop it first`, cause);
}

async function openFailure(directory: string, error: unknown): Promise<StoreOpenError> {
  const cause = error instanceof Error && error.cause !== undefined ? error.cause : error;
  if ((cause as { code?: string }).code === 'LEVEL_LOCKED') return locked(directory, cause);
  const why = (cause instanceof Error ? cause.message : String(cause)).replaceAll('\n', ' ');
  return new StoreOpenError(
    'DATABASE_DAMAGED',
    `the database in ${directory} can not be opened: ${why}`,
    cause,
  );
}

function unusable(directory: string, cause: unknown): StoreOpenError {
  const why = cause instanceof Error ? cause.message : String(cause);
  return new StoreOpenError('DIRECTORY_UNUSABLE', `${directory} can not be used: ${why}`, cause);
}
