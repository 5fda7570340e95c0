/**
 * Who is told of a study's changes. Each watcher keeps the latest state of each
 * changed record that it has not yet taken: a slow reader gets fewer states, and
 * never an older after a newer one. One that falls far behind is told to catch up
 * from disk instead, so that its memory stays bounded.
 */
import type { Study as StudyMessage } from '../gen/wazir/v1/study.js';
import type { Trial } from '../gen/wazir/v1/trial.js';

/** The latest state of a record; `study` or `trial`. */
export interface Change {
  readonly sequence: number;
  readonly study?: StudyMessage;
  readonly trial?: Trial;
  /** About how many bytes of memory it keeps that would go without it. */
  readonly bytes?: number;
}

const mostPending = 10_000;
// A trial may be a megabyte, and one that has ended is kept by its watchers alone.
const mostPendingBytes = 16 << 20;

export class Watcher {
  readonly #pending = new Map<number, Change>();
  #pendingBytes = 0;
  #overflowed = false;
  #wake: (() => void) | undefined;
  #end: Error | undefined;

  /** Takes in changes, by rising sequence. */
  tell(changes: readonly Change[]): void {
    if (this.#overflowed) return;
    for (const change of changes) {
      const record = change.trial?.id ?? 0;
      // Deleted and set anew, so that the order of the map is that of the sequence.
      this.#pendingBytes += (change.bytes ?? 0) - (this.#pending.get(record)?.bytes ?? 0);
      this.#pending.delete(record);
      this.#pending.set(record, change);
    }
    if (this.#pending.size > mostPending || this.#pendingBytes > mostPendingBytes) {
      this.#clear();
      this.#overflowed = true;
    }
    this.#wake?.();
  }

  /** Ends it: `next` throws the error once what is pending has been taken. */
  end(error: Error): void {
    this.#end ??= error;
    this.#wake?.();
  }

  get isEmpty(): boolean {
    return this.#pending.size === 0 && !this.#overflowed;
  }

  /**
   * Waits for changes and takes them.
   * @returns 'behind' where it must catch up from disk
   */
  async next(): Promise<Change[] | 'behind'> {
    while (this.#pending.size === 0 && !this.#overflowed) {
      if (this.#end) throw this.#end;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
      this.#wake = undefined;
    }
    if (this.#overflowed) {
      this.#overflowed = false;
      return 'behind';
    }
    const changes = [...this.#pending.values()];
    this.#clear();
    return changes;
  }

  #clear(): void {
    this.#pending.clear();
    this.#pendingBytes = 0;
  }
}

export class Watchers {
  readonly #watchers = new Set<Watcher>();

  get any(): boolean {
    return this.#watchers.size > 0;
  }

  add(): Watcher {
    const watcher = new Watcher();
    this.#watchers.add(watcher);
    return watcher;
  }

  remove(watcher: Watcher): void {
    this.#watchers.delete(watcher);
  }

  tell(changes: readonly Change[]): void {
    if (changes.length > 0) for (const watcher of this.#watchers) watcher.tell(changes);
  }

  endAll(error: Error): void {
    for (const watcher of this.#watchers) watcher.end(error);
  }
}
