/** The mark of a restore that has not ended: what lies beside it is no database. */
import { access, open, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { syncDirectory } from './identity.js';
import { StoreOpenError } from './open-error.js';

export const restoreMarker = 'restore-unfinished';

export async function isRestoreUnfinished(directory: string): Promise<boolean> {
  return access(join(directory, restoreMarker)).then(
    () => true,
    () => false,
  );
}

/** @throws StoreOpenError RESTORE_UNFINISHED. */
export async function refuseUnfinishedRestore(directory: string): Promise<void> {
  if (!(await isRestoreUnfinished(directory))) return;
  throw new StoreOpenError(
    'RESTORE_UNFINISHED',
    `a restore into ${directory} was begun and has not ended: run "wazir restore" again, ` +
      'which begins anew there',
  );
}

/** On disk when this resolves. */
export async function markRestore(directory: string): Promise<void> {
  const file = await open(join(directory, restoreMarker), 'w', 0o600);
  try {
    await file.sync();
  } finally {
    await file.close();
  }
  await syncDirectory(directory);
}

/** Off the disk when this resolves. */
export async function unmarkRestore(directory: string): Promise<void> {
  await unlink(join(directory, restoreMarker));
  await syncDirectory(directory);
}
