/**
 * Repairs what LevelDB can: a database that it can not open, or tables that it can
 * not read. A copy of the database's files is kept beside it first; what is no
 * longer there afterwards is told.
 */
import { cp, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Level } from 'level';
import { databaseDirectory } from '../store/identity.js';
import { keys } from '../store/keys.js';
import { StoreOpenError } from '../store/open-error.js';
import { openStillView, type StillView } from '../store/still-view.js';
import { examine, type Report } from './examine.js';

export interface Repaired {
  /** Where the database's files lie as they were. */
  readonly copy: string;
  /** Keys that could be read before and can not now; undefined where not all could be read before. */
  readonly lost: readonly string[] | undefined;
  /** Files that LevelDB could make nothing of, or has replaced, relative to the directory. */
  readonly setAside: readonly string[];
  /** What LevelDB said of what it left out, in its words. */
  readonly told: readonly string[];
  /** What is wrong now. */
  readonly report: Report;
}

/** `level`'s types leave out what classic-level adds. */
interface Repairing {
  repair(location: string): Promise<void>;
}

/** @throws StoreOpenError where a server has the directory, or it has no database's files. */
export async function repair(directory: string, now: Date): Promise<Repaired> {
  const database = databaseDirectory(directory);
  const before = await viewIfAny(directory);
  try {
    const copy = join(directory, `db-before-repair-${now.toISOString().replaceAll(':', '')}`);
    await cp(database, copy, { recursive: true, errorOnExist: true, force: false }).catch(
      (cause: unknown) => {
        throw unusable(directory, cause);
      },
    );
    // Opening deletes tables that were replaced; the repair would bring back what is deleted in them.
    if (before) await openOnce(database);
    await (Level as unknown as Repairing).repair(database).catch((cause: unknown) => {
      throw unusable(directory, cause);
    });
    const told = await leftOut(database);
    const report = await examine(directory);
    const after = await viewIfAny(directory);
    try {
      return {
        copy,
        // What could not be read to its end before gives no account of what is lost.
        lost: before && after ? await missingIn(after, before).catch(() => undefined) : undefined,
        setAside: (await readdir(join(database, 'lost')).catch(() => [])).map((name) =>
          join('db', 'lost', name),
        ),
        told,
        report,
      };
    } finally {
      await after?.close();
    }
  } finally {
    await before?.close();
  }
}

/** What can be read; undefined where LevelDB can not open it. */
async function viewIfAny(directory: string): Promise<StillView | undefined> {
  try {
    return await openStillView(directory);
  } catch (error) {
    if (error instanceof StoreOpenError && error.reason === 'DATABASE_DAMAGED') return undefined;
    throw error;
  }
}

async function openOnce(path: string): Promise<void> {
  const database = new Level(path, { createIfMissing: false });
  await database.open();
  await database.close();
}

/** Keys of one that the other has not; both are in order. The journal's mean nothing afterwards. */
async function missingIn(after: StillView, before: StillView): Promise<string[]> {
  const missing: string[] = [];
  const there = after.raw.keys();
  try {
    let next = await there.next();
    for await (const key of before.raw.keys()) {
      while (next !== undefined && Buffer.compare(Buffer.from(next), Buffer.from(key)) < 0)
        next = await there.next();
      if (next !== key && !key.startsWith(keys.journals().gt!)) missing.push(key);
    }
    return missing;
  } finally {
    await there.close();
  }
}

async function leftOut(database: string): Promise<string[]> {
  const text = await readFile(join(database, 'LOG'), 'utf8').catch(() => '');
  return text.split('\n').filter((line) => /dropping|ignoring|corrupt/i.test(line));
}

function unusable(directory: string, cause: unknown): StoreOpenError {
  const why = cause instanceof Error ? cause.message : String(cause);
  return new StoreOpenError('DIRECTORY_UNUSABLE', `${directory} can not be repaired: ${why}`, cause);
}
