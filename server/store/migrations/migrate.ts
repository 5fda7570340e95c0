/** Runs what lies between the format of a database and the one that this release works with. */
import { keys } from '../keys.js';
import { DatabaseRecord } from '../../gen/wazir/internal/v1/records.js';
import type { Op, Store } from '../store.js';
import type { Migration } from './migration.js';

/** What migrations read, and how a batch is written: in order, each on disk when it resolves. */
export interface MigrationTarget extends Pick<Store, 'get' | 'iterate'> {
  /** `record` goes with the batch, under `!database` and without a checksum. */
  write(ops: readonly Op[], record: Op): Promise<void>;
}

/**
 * Brings a database to the newest format, from wherever it is.
 * @param record what stands in it
 * @param told called with each migration before it begins or goes on
 * @returns what stands in it then
 */
export async function migrate(
  target: MigrationTarget,
  record: DatabaseRecord,
  migrations: readonly Migration[],
  told: (migration: Migration) => void = () => undefined,
): Promise<DatabaseRecord> {
  let now = record;
  for (const migration of migrations) {
    if (migration.to <= now.format) continue;
    told(migration);
    let from: string | undefined = now.migration?.to === migration.to ? now.migration.next : '';
    while (from !== undefined) {
      const { ops, next } = await migration.batch(target, from);
      now =
        next === undefined
          ? { ...now, format: migration.to, migration: undefined }
          : { ...now, migration: { to: migration.to, next } };
      await target.write(ops, {
        type: 'put',
        key: keys.database,
        value: DatabaseRecord.encode(now).finish(),
      });
      from = next;
    }
  }
  return now;
}
