/**
 * The contract of migrations: what makes one format of keys and records out of the
 * one before, when a database is opened by a later release.
 *
 * A migration works in batches. Each is written at once with the place where the
 * next one begins, so that after a crash it goes on from there; the format number
 * is raised with the last. From the first batch on the database is no longer of
 * the old format: releases that do not know the new one refuse it.
 *
 * A new one is a file here, a line in `index.ts`, and a database of the format
 * before in `test/fixtures/`.
 */
import type { Op, Store } from '../store.js';

export interface MigrationBatch {
  /** May be empty; some thousand at the most, since each batch is written at once. */
  readonly ops: readonly Op[];
  /** Where the next batch begins, in the migration's own terms; undefined where this is the last. */
  readonly next: string | undefined;
}

export interface Migration {
  /** The format that it leads to, from the one just below. */
  readonly to: number;
  /** What it changes, for the log. */
  readonly summary: string;
  /**
   * Makes a batch. Changes nothing, and gives the same again while nothing has
   * been written.
   * @param from '' for the first, else the `next` of the batch before
   */
  batch(database: Pick<Store, 'get' | 'iterate'>, from: string): Promise<MigrationBatch>;
}
