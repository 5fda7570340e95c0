/**
 * Which process has a directory open, for the message to whoever finds it locked.
 * Only for people: the lock itself is LevelDB's, and a crash leaves the file.
 */
import { readFile, realpath, unlink, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';

const fileName = 'wazir.pid';

/** What this process has open, by real path. */
const ours = new Set<string>();

/**
 * Whether this very process has a directory open. The system's locks are the
 * process's: a second opening by it would be let in, and its end would let go of
 * the first one's lock.
 */
export async function isOurs(directory: string): Promise<boolean> {
  return ours.has(await realpath(directory).catch(() => directory));
}

/** Says that it is this process. Without effect where that can not be written. */
export async function noteOwner(directory: string): Promise<void> {
  ours.add(await realpath(directory));
  const text = `${process.pid} ${hostname()}\n`;
  await writeFile(join(directory, fileName), text, { mode: 0o600 }).catch(() => undefined);
}

export async function forgetOwner(directory: string): Promise<void> {
  ours.delete(await realpath(directory).catch(() => directory));
  await unlink(join(directory, fileName)).catch(() => undefined);
}

/** Who is noted, in words: `process 12 of host "a"`; undefined where nobody is. */
export async function ownerNoted(directory: string): Promise<string | undefined> {
  const text = await readFile(join(directory, fileName), 'utf8').catch(() => '');
  const [, pid, host] = /^(\d+) (\S+)\n$/.exec(text) ?? [];
  return pid === undefined ? undefined : `process ${pid} of host ${JSON.stringify(host)}`;
}
