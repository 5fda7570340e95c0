/** One opening of a database: everything that is checked before a record is read, and the epoch taken. */
import { access } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { Level } from 'level';
import { DatabaseRecord } from '../gen/wazir/internal/v1/records.js';
import { isOutOfSpace, type Ballast } from './ballast.js';
import { sealed } from './checksum.js';
import { readerOf } from './database-reader.js';
import { droppedRecords } from './dropped-records.js';
import {
  createIdentity,
  databaseDirectory,
  readIdentity,
  refuseNewerFormat,
  replaceIdentity,
  syncDirectory,
  type Identity,
} from './identity.js';
import { bytesOf, Journal, writeBufferBytes } from './journal.js';
import { keys } from './keys.js';
import { noteOwner, ownerNoted } from './lock-owner.js';
import { migrate } from './migrations/migrate.js';
import { migrations } from './migrations/index.js';
import { StoreOpenError } from './open-error.js';
import { refuseUnreadableLogs } from './readable-logs.js';
import { refuseUnfinishedRestore } from './restore-marker.js';
import type { StoreLogger } from './store-logger.js';
import type { Op } from './store.js';

export interface Opening {
  readonly database: Level<string, Uint8Array>;
  readonly journal: Journal;
  readonly id: string;
  readonly format: number;
  /** How often the database has been opened, this time included. */
  readonly epoch: number;
  /** The numbers of the first and the last batch that are missing, where the loss was accepted. */
  readonly lost: readonly [first: number, last: number] | undefined;
  /** What LevelDB dropped from its log as damaged. */
  readonly dropped: readonly string[];
}

export interface OpeningOptions {
  /** Go on although batches that had been written are missing. */
  readonly acceptLoss: boolean;
  /** How long to wait for another process to let go of the directory. */
  readonly lockWaitMs: number;
  /** Given up where the disk is too full to open the database. */
  readonly ballast: Ballast;
  readonly logger: StoreLogger | undefined;
}

const lockRetryMs = 100;

/**
 * Opens a directory's database, or makes one in an empty or missing directory.
 * Where it refuses, nothing was deleted but the ballast and no record was written;
 * the checks within the database come after LevelDB has opened it, which by itself
 * turns its log into a table.
 *
 * @throws StoreOpenError
 */
export async function openDatabase(directory: string, options: OpeningOptions): Promise<Opening> {
  const deadline = performance.now() + options.lockWaitMs;
  for (;;) {
    try {
      return await openOnce(directory, options);
    } catch (error) {
      const isLocked = error instanceof StoreOpenError && error.reason === 'LOCKED';
      if (isLocked && performance.now() + lockRetryMs < deadline) await setTimeout(lockRetryMs);
      else if (isOutOfSpace(error)) {
        if (!(await options.ballast.giveUp())) throw noSpace(directory, error);
        options.logger?.error(
          { directory },
          'the disk is full: the ballast was deleted to open the database',
        );
      } else throw error;
    }
  }
}

async function openOnce(directory: string, { acceptLoss, logger }: OpeningOptions): Promise<Opening> {
  await refuseUnfinishedRestore(directory);
  const identity = (await readIdentity(directory)) ?? (await createIdentity(directory));
  const database = await openLevel(directory, identity);
  try {
    // LevelDB syncs no directory after it has renamed `CURRENT`: not every file system keeps that by itself.
    await syncDirectory(databaseDirectory(directory));
    const dropped = await droppedRecords(directory);
    const stored = await readRecord(database, directory, identity);
    const { journal, gap } = await Journal.read(database, directory, acceptLoss);
    if (!acceptLoss) refuseLostOpening(directory, identity, stored, journal);

    const openings = Math.max(stored.openings, identity.openings) + 1;
    // The record itself bears no checksum: every release must be able to read its format.
    const write = async (ops: readonly Op[], record: Op) => {
      const checked = [...ops, ...journal.next(bytesOf([...ops, record]))].map(sealed);
      await database.batch([record, ...checked], { sync: true });
    };
    const opened = { ...stored, id: identity.id, openings };
    const record: Op = { type: 'put', key: keys.database, value: DatabaseRecord.encode(opened).finish() };
    await write(gap === undefined ? [] : journal.forgetAll(), record);
    const { format, id } = await migrate({ ...readerOf(database), write }, opened, migrations, (migration) =>
      logger?.info({ directory, to: migration.to, summary: migration.summary }, 'migrating the database'),
    );
    // After the database: a crash in between leaves the file behind, never ahead.
    await replaceIdentity(directory, { format, id, openings });
    await noteOwner(directory);
    return { database, journal, id, format, epoch: openings, lost: gap, dropped };
  } catch (cause) {
    await database.close();
    throw cause instanceof StoreOpenError ? cause : damaged(directory, cause);
  }
}

async function openLevel(directory: string, identity: Identity): Promise<Level<string, Uint8Array>> {
  const path = databaseDirectory(directory);
  const unused = identity.openings === 0;
  // Asked before LevelDB is: it would make a lock file and a log of its own.
  if (!unused && !(await exists(join(path, 'CURRENT')))) {
    throw new StoreOpenError(
      'DATABASE_MISSING',
      `${directory} has lost its database (no ${join(path, 'CURRENT')}); restore the directory from a copy, ` +
        'or name an empty directory to start anew',
    );
  }
  await refuseUnreadableLogs(directory);
  const database = new Level<string, Uint8Array>(path, {
    createIfMissing: unused,
    keyEncoding: 'utf8',
    valueEncoding: 'view',
    writeBufferSize: writeBufferBytes,
  });
  try {
    await database.open();
  } catch (error) {
    const cause = error instanceof Error && error.cause !== undefined ? error.cause : error;
    if ((cause as { code?: string }).code === 'LEVEL_LOCKED') {
      throw new StoreOpenError(
        'LOCKED',
        `${directory} is in use by ${(await ownerNoted(directory)) ?? 'another process'}; ` +
          'stop it, or name another directory',
        cause,
      );
    }
    throw damaged(directory, cause);
  }
  return database;
}

async function readRecord(
  database: Level<string, Uint8Array>,
  directory: string,
  identity: Identity,
): Promise<DatabaseRecord> {
  const value: Uint8Array | undefined = await database.get(keys.database);
  // A crash while it was being made: there is no batch yet.
  if (value === undefined && identity.openings === 0) return DatabaseRecord.fromPartial(identity);
  const record = value === undefined ? undefined : DatabaseRecord.decode(value);
  // One that is on its way to a later format is of neither.
  if (record !== undefined) refuseNewerFormat(directory, record.migration?.to ?? record.format);
  if (record?.id !== identity.id) {
    throw new StoreOpenError(
      'IDENTITY_MISMATCH',
      `${directory}: the identity file is of database ${identity.id}, the database beside it is ` +
        `${record === undefined ? 'empty' : record.id}; restore both from the same copy`,
    );
  }
  return record;
}

/** Every opening writes a batch: the end of the log is gone where the file has seen more of them. */
function refuseLostOpening(directory: string, identity: Identity, stored: Identity, journal: Journal): void {
  if (stored.openings >= identity.openings) return;
  throw new StoreOpenError(
    'BATCHES_MISSING',
    `${directory} is damaged: the batches after ${journal.newest} are missing, the database had been opened ` +
      `${identity.openings} times and knows of ${stored.openings}; ` +
      'restore a backup, or, without one, copy the directory and open it with the loss accepted',
  );
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}

function noSpace(directory: string, cause: unknown): StoreOpenError {
  return new StoreOpenError(
    'NO_SPACE',
    `the disk of ${directory} is full, and the database can not be opened without some space: make some, ` +
      'at least 16 MiB, and start again',
    cause,
  );
}

function damaged(directory: string, cause: unknown): StoreOpenError {
  const why = (cause instanceof Error ? cause.message : String(cause)).replaceAll('\n', ' ');
  return new StoreOpenError(
    'DATABASE_DAMAGED',
    `the database in ${directory} can not be opened: ${why}`,
    cause,
  );
}
