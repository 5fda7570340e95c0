/**
 * The identity file beside a database. LevelDB makes an empty database wherever
 * it finds no `CURRENT` file, and deletes the tables that lie there; so a
 * database is created only where this file says that none was ever in use.
 *
 * ```
 * DIR/wazir.json   { format, id, openings }
 * DIR/db/          LevelDB's files; `!database` repeats the three
 * ```
 *
 * Creation: the file is written first, with 0 openings, which means "nothing has
 * been acknowledged yet, the database may be made"; the database follows, and
 * the file is then replaced with 1 opening. A crash anywhere between is made
 * good by the next start, and no start ever deletes a thing.
 */
import { randomUUID } from 'node:crypto';
import { link, mkdir, open, readdir, readFile, rename, rm, stat, unlink } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { StoreOpenError } from './open-error.js';

/** The format of keys and records that this release reads and writes. */
export const currentFormat = 1;

/** As in DatabaseRecord. */
export interface Identity {
  readonly format: number;
  readonly id: string;
  /** Never more than the database's own count: the database is written first. */
  readonly openings: number;
}

const fileName = 'wazir.json';
const draftPrefix = `${fileName}.new-`;

/** Where LevelDB's files are. */
export function databaseDirectory(directory: string): string {
  return join(directory, 'db');
}

/**
 * The identity of a directory; undefined where it has none.
 * @throws StoreOpenError IDENTITY_UNREADABLE, NEWER_FORMAT, DIRECTORY_UNUSABLE.
 */
export async function readIdentity(directory: string): Promise<Identity | undefined> {
  const path = join(directory, fileName);
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw unusable(directory, cause);
  }
  const identity = parse(text);
  if (identity === undefined) {
    throw new StoreOpenError(
      'IDENTITY_UNREADABLE',
      `${path} is not an identity file; restore it, or the whole directory, from a copy`,
    );
  }
  refuseNewerFormat(directory, identity.format);
  return identity;
}

/** @throws StoreOpenError NEWER_FORMAT. */
export function refuseNewerFormat(directory: string, format: number): void {
  if (format <= currentFormat) return;
  throw new StoreOpenError(
    'NEWER_FORMAT',
    `${directory} has format ${format}, this release knows up to ${currentFormat}; ` +
      'run the release that wrote it, or a later one',
  );
}

/**
 * Gives an empty or missing directory its identity. Of several processes that
 * try at once one wins, and all get its identity.
 * @throws StoreOpenError FOREIGN_DIRECTORY, DIRECTORY_UNUSABLE.
 */
export async function createIdentity(directory: string): Promise<Identity> {
  try {
    await makeDirectory(directory);
    const foreign = (await readdir(directory)).find((entry) => !isIncidental(entry));
    if (foreign !== undefined) {
      // Unless another process has been quicker.
      const identity = await readIdentity(directory);
      if (identity !== undefined) return identity;
      throw new StoreOpenError(
        'FOREIGN_DIRECTORY',
        `${directory} is not empty (it holds ${JSON.stringify(foreign)}) and has no ${fileName}; ` +
          'name an empty directory, or put the file back from a copy if this was a database',
      );
    }
    const identity: Identity = { format: currentFormat, id: randomUUID(), openings: 0 };
    return (await establishIdentity(directory, identity)) ? identity : (await readIdentity(directory))!;
  } catch (cause) {
    throw cause instanceof StoreOpenError ? cause : unusable(directory, cause);
  }
}

/** Writes the identity file where there is none; whether this has done so. It is on disk when this resolves. */
export async function establishIdentity(directory: string, identity: Identity): Promise<boolean> {
  const draft = await writeDraft(directory, identity);
  // Unlike a rename, a link does not replace: this is what makes one process win.
  const won = await link(draft, join(directory, fileName)).then(
    () => true,
    (cause: NodeJS.ErrnoException) => {
      if (cause.code === 'EEXIST') return false;
      throw cause;
    },
  );
  await unlink(draft);
  await syncDirectory(directory);
  return won;
}

/** Deletes the identity file. */
export async function removeIdentity(directory: string): Promise<void> {
  await rm(join(directory, fileName), { force: true });
}

/** Replaces the identity file, whole or not at all; it is on disk when this resolves. */
export async function replaceIdentity(directory: string, identity: Identity): Promise<void> {
  try {
    await rename(await writeDraft(directory, identity), join(directory, fileName));
    await syncDirectory(directory);
  } catch (cause) {
    throw unusable(directory, cause);
  }
}

/** Whether an entry may lie in a directory that counts as empty. */
export function isIncidental(entry: string): boolean {
  // A freshly made ext4 volume holds `lost+found`; a crash leaves drafts.
  return entry === 'lost+found' || entry.startsWith(draftPrefix);
}

async function writeDraft(directory: string, identity: Identity): Promise<string> {
  const path = join(directory, `${draftPrefix}${randomUUID()}`);
  const file = await open(path, 'wx', 0o600);
  try {
    await file.writeFile(`${JSON.stringify(identity)}\n`);
    await file.sync();
  } finally {
    await file.close();
  }
  return path;
}

/**
 * Makes a directory and puts its name, and its new parents' names, on disk. Not by
 * a recursive `mkdir`: Node's never returns where the system says that a parent is
 * missing although it is there, as below `/proc`.
 */
export async function makeDirectory(directory: string): Promise<void> {
  const missing: string[] = [];
  for (let path = resolve(directory); ; path = dirname(path)) {
    const found = await stat(path).catch((cause: NodeJS.ErrnoException) => {
      if (cause.code === 'ENOENT') return undefined;
      throw cause;
    });
    if (found) break;
    missing.unshift(path);
  }
  for (const path of missing) {
    await mkdir(path, 0o700).catch((cause: NodeJS.ErrnoException) => {
      // Another process has been quicker.
      if (cause.code !== 'EEXIST') throw cause;
    });
    await syncDirectory(dirname(path));
  }
}

/** A new name in a directory outlasts a power cut only once the directory is synced. */
export async function syncDirectory(directory: string): Promise<void> {
  // Windows has no such call, and refuses to open a directory.
  if (process.platform === 'win32') return;
  const handle = await open(directory, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

function parse(text: string): Identity | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (typeof value !== 'object' || value === null) return undefined;
  const { format, id, openings } = value as Record<string, unknown>;
  // Of a later format only `format` is sure to be as we know it.
  if (typeof format === 'number' && format > currentFormat) return { format, id: '', openings: 0 };
  if (!isCount(format) || typeof id !== 'string' || id === '' || !isCount(openings)) return undefined;
  return { format, id, openings };
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

function unusable(directory: string, cause: unknown): StoreOpenError {
  const why = cause instanceof Error ? cause.message : String(cause);
  return new StoreOpenError('DIRECTORY_UNUSABLE', `${directory} can not be used: ${why}`, cause);
}
