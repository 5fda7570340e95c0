/**
 * The store on LevelDB: one process, one directory.
 *
 * LevelDB makes a batch visible only after it has synced it, so a read never
 * shows what can still fail. What it does not do is stop after a write that
 * failed for want of space: the next record would follow a torn one, and be
 * dropped with it on opening. This store stops by itself after any failure.
 */
import { WazirError } from '../domain/errors.js';
import { Ballast, freeBytesOf } from './ballast.js';
import { seal, unseal, unsealAll } from './checksum.js';
import { ahead, chunkBytes, chunkEntries } from './database-reader.js';
import { FreeSpace } from './free-space.js';
import { GroupCommit } from './group-commit.js';
import { bytesOf } from './journal.js';
import { forgetOwner } from './lock-owner.js';
import { openDatabase, type Opening } from './opening.js';
import { Reclaim } from './reclaim.js';
import type { StoreLogger } from './store-logger.js';
import type { Commit, Entry, Op, Range, Store } from './store.js';

export interface LevelStoreOptions {
  /** Made where it is missing. Must hold a database, or nothing. */
  readonly directory: string;
  readonly logger?: StoreLogger;
  /** Bytes that must stay free on the disk for commits to be taken; 0 turns the check off. */
  readonly freeSpaceFloorBytes?: number;
  /** Open although batches are missing (StoreOpenError BATCHES_MISSING): the operator has no better copy. */
  readonly acceptLoss?: boolean;
  /**
   * Bytes of a file beside the database that is given up where a full disk keeps
   * the database from being opened; 0, the default, for none. Made where there is
   * space for it, and made again when space is back.
   */
  readonly ballastBytes?: number;
  /** How long to wait for another process to let go of the directory; 0, the default: it is refused at once. */
  readonly lockWaitMs?: number;
}

const defaultFloorBytes = 64 * 2 ** 20;

/**
 * Opens the database of a directory. Values given to `commit` must not change
 * until it has settled; keys must be well-formed strings, since LevelDB gets
 * their UTF-8.
 * @throws StoreOpenError
 */
export async function openLevelStore(options: LevelStoreOptions): Promise<Store> {
  const { directory, freeSpaceFloorBytes: floorBytes = defaultFloorBytes, ballastBytes = 0 } = options;
  // Twice the floor: what is made again must not be what stops writes again.
  const ballast = new Ballast(directory, ballastBytes, 2 * floorBytes);
  const parts = { options, ballast, floorBytes };
  const store = new LevelStore(parts, await open(parts, options.acceptLoss ?? false));
  await ballast.start();
  return store;
}

interface Parts {
  readonly options: LevelStoreOptions;
  readonly ballast: Ballast;
  readonly floorBytes: number;
}

function open({ options, ballast }: Parts, acceptLoss: boolean): Promise<Opening> {
  const { directory, logger, lockWaitMs = 0 } = options;
  return openDatabase(directory, { acceptLoss, lockWaitMs, ballast, logger });
}

/** What classic-level adds to level's own types. */
interface Compacting {
  compactRange(first: string, last: string): Promise<void>;
}

class LevelStore implements Store {
  readonly #parts: Parts;
  readonly #space: FreeSpace;
  readonly #reclaim: Reclaim;
  readonly #listeners: ((cause: unknown) => void)[] = [];
  #opening: Opening;
  #group: GroupCommit;
  /** What each study's last commit of this opening leaves, those that wait included. */
  #sequences = new Map<string, number>();
  #healthy = true;
  #closed = false;
  #reopening: Promise<void> | undefined;

  constructor(parts: Parts, opening: Opening) {
    this.#parts = parts;
    const { options, ballast, floorBytes } = parts;
    this.#space = new FreeSpace({
      floorBytes,
      freeBytes: () => {
        const free = freeBytesOf(options.directory);
        ballast.makeWherePossible(() => free);
        return free;
      },
      now: () => performance.now(),
    });
    this.#reclaim = new Reclaim((first, last) =>
      (this.#opening.database as unknown as Compacting).compactRange(first, last),
    );
    this.#opening = opening;
    this.#group = this.#groupOf(opening);
    this.#tellOpened();
  }

  get id(): string {
    return this.#opening.id;
  }

  get format(): number {
    return this.#opening.format;
  }

  get epoch(): number {
    return this.#opening.epoch;
  }

  get healthy(): boolean {
    return this.#healthy;
  }

  async get(key: string): Promise<Uint8Array | undefined> {
    const value: Uint8Array | undefined = await this.#read(({ database }) => database.get(key));
    return value && unseal(key, value);
  }

  async getMany(keys: readonly string[]): Promise<(Uint8Array | undefined)[]> {
    const values: (Uint8Array | undefined)[] = await this.#read(({ database }) =>
      database.getMany([...keys]),
    );
    return values.map((value, i) => value && unseal(keys[i]!, value));
  }

  async *iterate(range: Range): AsyncGenerator<Entry, void, undefined> {
    for await (const entries of this.#sealedChunks(range))
      for (const [key, value] of entries) {
        this.#refuseUnhealthy();
        yield [key, unseal(key, value)];
      }
  }

  async *chunks(range: Range): AsyncGenerator<Entry[], void, undefined> {
    for await (const entries of this.#sealedChunks(range)) yield unsealAll(entries);
  }

  async *#sealedChunks(range: Range): AsyncGenerator<Entry[], void, undefined> {
    // Here, not in the caller's step: a generator's body starts at its first step, and so does the snapshot.
    const iterator = await this.#read(async ({ database }) =>
      database.iterator({ ...range, highWaterMarkBytes: chunkBytes }),
    );
    try {
      yield* ahead(() => this.#read(() => iterator.nextv(chunkEntries)));
    } finally {
      await iterator.close();
    }
  }

  // Up to the queue there is no `await`: the order of calls is the order of batches.
  commit(commit: Commit): Promise<void> {
    try {
      return this.#commit(commit);
    } catch (error) {
      const refusal = error as Error;
      return Promise.reject(refusal);
    }
  }

  #commit(commit: Commit): Promise<void> {
    const { studyUid, epoch, expectedSequence, sequence, ops, makesSpace = false } = commit;
    this.#refuseUnhealthy();
    if (epoch !== this.epoch) {
      throw unavailable(`decided in opening ${epoch} of the database, this is opening ${this.epoch}`);
    }
    const last = this.#sequences.get(studyUid);
    if (last !== undefined && last !== expectedSequence) {
      throw unavailable(`decided at sequence number ${expectedSequence} of the study, which is at ${last}`);
    }
    const bytes = bytesOf(ops);
    this.#admit(bytes, makesSpace);
    this.#sequences.set(studyUid, sequence);
    const written = this.#group.add(ops, bytes);
    if (!makesSpace) return written;
    return written.then(() => {
      if (this.#healthy) this.#reclaim.note(ops, this.#space.isShort);
    });
  }

  onFailure(listener: (cause: unknown) => void): void {
    this.#listeners.push(listener);
  }

  /** @throws StoreOpenError; it may be called again. */
  reopen(): Promise<void> {
    this.#reopening ??= this.#reopen().finally(() => (this.#reopening = undefined));
    return this.#reopening;
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#healthy = false;
    await this.#reopening?.catch(() => undefined);
    await this.#group.idle();
    await this.#release();
  }

  async #reopen(): Promise<void> {
    if (this.#closed) throw unavailable('closed');
    this.#healthy = false;
    await this.#group.idle();
    await this.#release();
    this.#opening = await open(this.#parts, false);
    this.#group = this.#groupOf(this.#opening);
    this.#sequences = new Map();
    // `close` may have been called meanwhile.
    this.#healthy = !this.#closed;
    this.#tellOpened();
  }

  /** Closes the database once nothing works on it. */
  async #release(): Promise<void> {
    await Promise.all([this.#reclaim.settled(), this.#parts.ballast.settled()]);
    // While the lock is still ours.
    await forgetOwner(this.#parts.options.directory);
    await this.#opening.database.close();
  }

  #admit(bytes: number, makesSpace: boolean): void {
    try {
      this.#space.admit(bytes, makesSpace);
    } catch (error) {
      // What was deleted before space ran short may still take some up.
      this.#reclaim.start();
      throw error;
    }
  }

  #groupOf({ database, journal }: Opening): GroupCommit {
    const write = (ops: Op[], bytes: number) => {
      // A chained batch, not an array: the library copies and inspects every operation of an array.
      const batch = database.batch();
      for (const group of [ops, journal.next(bytes)])
        for (const op of group)
          if (op.type === 'put') batch.put(op.key, seal(op.key, op.value));
          else batch.del(op.key);
      return batch.write({ sync: true });
    };
    return new GroupCommit(write, (cause) => this.#fail(cause));
  }

  /** Ends this opening; returns what the callers that wait get. */
  #fail(cause: unknown): WazirError {
    this.#healthy = false;
    this.#parts.options.logger?.error({ err: cause }, 'a commit failed; the database must be reopened');
    for (const listener of this.#listeners) {
      try {
        listener(cause);
      } catch (err) {
        // The others, and the callers, must hear of it all the same.
        this.#parts.options.logger?.error({ err }, 'a listener to failed commits threw');
      }
    }
    return new WazirError(
      'COMMIT_OUTCOME_UNKNOWN',
      'the database failed while this was being written: it may or may not have taken effect; ' +
        'retry with the same request_id to find out',
      { cause, retryAfterSeconds: 1 },
    );
  }

  async #read<T>(read: (opening: Opening) => Promise<T>): Promise<T> {
    this.#refuseUnhealthy();
    try {
      const value = await read(this.#opening);
      this.#refuseUnhealthy();
      return value;
    } catch (cause) {
      throw cause instanceof WazirError ? cause : unavailable('a read failed', cause);
    }
  }

  #refuseUnhealthy(): void {
    if (!this.#healthy) throw unavailable(this.#closed ? 'closed' : 'a commit failed');
  }

  #tellOpened(): void {
    const { epoch, lost, dropped } = this.#opening;
    const { directory, logger } = this.#parts.options;
    logger?.info({ directory, epoch }, 'database opened');
    if (lost !== undefined) logger?.error({ directory, lost }, 'batches are missing, the loss was accepted');
    if (dropped.length > 0) {
      logger?.error(
        { directory, dropped },
        'the log was damaged at its end: acknowledged batches may be gone',
      );
    }
  }
}

function unavailable(why: string, cause?: unknown): WazirError {
  return new WazirError('STORE_UNAVAILABLE', `the database is not available: ${why}`, {
    retryAfterSeconds: 1,
    ...(cause === undefined ? {} : { cause }),
  });
}
