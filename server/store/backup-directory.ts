import { backupPieces } from './backup-writer.js';
import { currentFormat } from './identity.js';
import { StoreOpenError } from './open-error.js';
import { openStillView } from './still-view.js';

/**
 * The pieces of a backup's file of a directory that no server uses. The directory
 * is not changed.
 * @throws StoreOpenError
 * @throws WazirError DATA_DAMAGED where a record is damaged
 */
export async function* backupDirectory(directory: string, timeMs: number): AsyncGenerator<Uint8Array> {
  const view = await openStillView(directory);
  try {
    const { record } = view;
    if (!record || record.migration || record.format !== currentFormat)
      throw new StoreOpenError(
        'DATABASE_DAMAGED',
        `${directory} has not been opened by this release since it was made: start "wazir serve" on it once`,
      );
    const seconds = Math.floor(timeMs / 1000);
    yield* backupPieces(view, {
      databaseFormat: record.format,
      databaseId: record.id,
      epoch: record.openings,
      time: { seconds, nanos: Math.round((timeMs - seconds * 1000) * 1e6) },
    });
  } finally {
    await view.close();
  }
}
