/**
 * The contract of stores: ordered keys, atomic durable batches, snapshot reads.
 *
 * Guarantees (`test/store/conformance.ts`, every implementation passes it, fresh
 * and reopened):
 * - a batch is applied whole or not at all, also over a crash;
 * - `commit` resolves only after the batch is on stable storage, and batches
 *   become visible and durable in the order in which `commit` was called;
 * - reads show only what is durable: a batch is seen once its `commit` has
 *   resolved, or shortly before, never one that can still fail;
 * - `iterate` sees the state as of its first step, whatever is committed
 *   meanwhile;
 * - keys are ordered by their UTF-8 bytes;
 * - within one batch the later operation on a key wins;
 * - a value is given back as it was written, or refused with DATA_DAMAGED.
 *
 * Owed by the caller: values do not change until their `commit` has settled, and
 * keys are well-formed strings, since a lone surrogate has no UTF-8 of its own.
 *
 * When a commit fails its outcome is unknown: it may be there after reopening.
 * The store then refuses every further commit and read with STORE_UNAVAILABLE
 * until `reopen` succeeds, and every commit that waits is refused with
 * COMMIT_OUTCOME_UNKNOWN. Shortage of space that is seen before anything was
 * written is LIMIT_EXCEEDED, without effect and without failing the store.
 */

/** One operation of a batch. */
export type Op =
  | { readonly type: 'put'; readonly key: string; readonly value: Uint8Array }
  | { readonly type: 'del'; readonly key: string };

/** A batch of one study. */
export interface Commit {
  /** The study that it belongs to. */
  readonly studyUid: string;
  /** The opening (later: the ownership) under which it was decided. */
  readonly epoch: number;
  /** The study's sequence number before the batch; 0 for its first. */
  readonly expectedSequence: number;
  /** The study's sequence number after it; equal where only reads' bookkeeping is written. */
  readonly sequence: number;
  readonly ops: readonly Op[];
  /**
   * Set where the batch, or what follows from it, makes space: it may pass where
   * there is less of it than others must leave.
   */
  readonly makesSpace?: boolean;
}

export type Entry = [key: string, value: Uint8Array];

/** Which keys to iterate over; bounds as in level's range options. */
export interface Range {
  readonly gt?: string;
  readonly gte?: string;
  readonly lt?: string;
  readonly lte?: string;
  readonly reverse?: boolean;
  /** At the most so many entries. */
  readonly limit?: number;
}

export interface Store {
  /** Drawn when the database was made, or restored. */
  readonly id: string;
  /** Version of the format of its keys and records. */
  readonly format: number;
  /** Counts the openings of the database, from 1. Commits of an earlier one are refused: STORE_UNAVAILABLE. */
  readonly epoch: number;
  /** Whether commits are taken. */
  readonly healthy: boolean;
  get(key: string): Promise<Uint8Array | undefined>;
  /** The values of several keys, as of one moment. */
  getMany(keys: readonly string[]): Promise<(Uint8Array | undefined)[]>;
  iterate(range: Range): AsyncIterable<Entry>;
  /**
   * The same, some hundred entries at a time; one that is damaged spoils its chunk. For
   * whoever reads very many: without a turn of a generator for each, an entry costs about 1 µs less.
   */
  chunks(range: Range): AsyncIterable<Entry[]>;
  /**
   * Writes a batch, merged with those of concurrent callers into one synced write.
   * Refused with STORE_UNAVAILABLE, without effect, where `epoch` is not the
   * store's or `expectedSequence` is not what the study's last commit of this
   * opening left.
   */
  commit(commit: Commit): Promise<void>;
  /** Calls back once whenever a commit has failed, before its callers hear of it. */
  onFailure(listener: (cause: unknown) => void): void;
  /** Closes and opens the database after a failure; `epoch` grows. */
  reopen(): Promise<void>;
  /** Waits for commits under way, then closes. */
  close(): Promise<void>;
}
