/**
 * How many studies there are, on the whole and of each owner. Counted from the
 * names on disk when it is first needed, and kept from then on. Whatever makes or
 * deletes a name asks here before it commits, so that the names stand still while
 * they are counted.
 */
import { WazirError } from '../domain/errors.js';
import { limitExceeded, type Limits } from '../domain/limits.js';
import { formatOwner } from '../domain/names.js';
import { keys } from '../store/keys.js';
import type { Store } from '../store/store.js';
import { OwnerCounts } from './owner-counts.js';

/** Room for one study that is about to be made. */
export interface Room {
  /** The study was not made after all. */
  giveBack(): void;
}

export class StudyCount {
  #counting: Promise<OwnerCounts> | undefined;

  constructor(
    private readonly store: Store,
    private readonly limits: Limits,
  ) {}

  /** Takes room for another study. Throws LIMIT_EXCEEDED. */
  async reserve(owner: string): Promise<Room> {
    const counts = await this.#known();
    if (counts.of(owner) >= this.limits.maxStudiesPerOwner)
      throw limitExceeded('maxStudiesPerOwner', this.limits, formatOwner(owner));
    if (counts.total >= this.limits.maxStudies) throw limitExceeded('maxStudies', this.limits, 'server');
    counts.add(owner, 1);
    // On these counts, not on those of a later opening, which never knew of it.
    return { giveBack: () => counts.add(owner, -1) };
  }

  /** Must be called before a name is deleted; what it resolves with, once the name has gone durably. */
  async deletion(owner: string): Promise<() => void> {
    const counts = await this.#known();
    return () => counts.add(owner, -1);
  }

  /** After a failed commit nobody knows which names there are: they are counted anew. */
  forget(): void {
    this.#counting = undefined;
  }

  #known(): Promise<OwnerCounts> {
    if (this.#counting) return this.#counting;
    const counting = this.#count();
    this.#counting = counting;
    counting.catch(() => {
      if (this.#counting === counting) this.#counting = undefined;
    });
    return counting;
  }

  async #count(): Promise<OwnerCounts> {
    const counts = new OwnerCounts();
    const { gt, lt } = keys.names();
    for (let from = gt; from !== undefined;) from = await this.#countAfter(from, lt!, counts);
    return counts;
  }

  /** Counts names up to the end, or to a damaged one: that is its owner's trouble, not everybody's. */
  async #countAfter(gt: string, lt: string, counts: OwnerCounts): Promise<string | undefined> {
    const count = (key: string) => counts.add(key.split('/')[1]!, 1);
    try {
      for await (const [key] of this.store.iterate({ gt, lt })) {
        count(key);
        gt = key;
      }
      return undefined;
    } catch (error) {
      const damaged = error instanceof WazirError && error.reason === 'DATA_DAMAGED' && error.metadata['key'];
      if (!damaged || damaged <= gt) throw error;
      count(damaged);
      return damaged;
    }
  }
}
