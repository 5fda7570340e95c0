/** Why a database was not opened. Whoever catches it shows `message`: one line that says what to do. */
export type OpenFailure =
  /** Not a directory, or one that may not be read or written. */
  | 'DIRECTORY_UNUSABLE'
  /** Files of somebody else, and no identity file: nothing is created there. */
  | 'FOREIGN_DIRECTORY'
  /** An identity file that is not one. */
  | 'IDENTITY_UNREADABLE'
  /** The identity file and the database do not belong together. */
  | 'IDENTITY_MISMATCH'
  /** Made by a later release. */
  | 'NEWER_FORMAT'
  /** An identity file, but no database beside it. */
  | 'DATABASE_MISSING'
  /** LevelDB itself can not open it. */
  | 'DATABASE_DAMAGED'
  /** Another process has it open. */
  | 'LOCKED'
  /** Batches that had been written are gone, later ones are there. */
  | 'BATCHES_MISSING'
  /** A restore into the directory has not ended. */
  | 'RESTORE_UNFINISHED'
  /** The disk is full, and opening needs some space. */
  | 'NO_SPACE';

/** A database that was not opened. Nothing in its directory was deleted. */
export class StoreOpenError extends Error {
  readonly reason: OpenFailure;

  constructor(reason: OpenFailure, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = 'StoreOpenError';
    this.reason = reason;
  }
}
