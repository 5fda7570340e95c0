import { createReadStream } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { databaseDirectory } from './identity.js';
import { StoreOpenError } from './open-error.js';

/**
 * Reads the logs of a database to their ends, before LevelDB does: where a read
 * fails, LevelDB takes the log to end there, opens without the rest, and deletes
 * the file. What was read here it gets from the system's memory.
 * @throws StoreOpenError DATABASE_DAMAGED.
 */
export async function refuseUnreadableLogs(directory: string): Promise<void> {
  const path = databaseDirectory(directory);
  // Without a directory there is nothing to lose; LevelDB says what it makes of it.
  const names = await readdir(path).catch(() => []);
  for (const name of names.filter((entry) => entry.endsWith('.log'))) {
    try {
      // No pass over the whole at once: a log holds the largest batch whole.
      for await (const _ of createReadStream(join(path, name)));
    } catch (cause) {
      throw new StoreOpenError(
        'DATABASE_DAMAGED',
        `${join(path, name)} can not be read: ${(cause as Error).message}; nothing was changed, ` +
          'start again once the disk can be read, or restore a backup',
        cause,
      );
    }
  }
}
