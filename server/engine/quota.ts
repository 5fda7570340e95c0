/** Places that are held for a time, such as open streams: so many on the whole, so many of one owner. */
import { limitExceeded, type LimitName, type Limits } from '../domain/limits.js';
import { formatOwner } from '../domain/names.js';
import { OwnerCounts } from './owner-counts.js';

/** A place, from when it was taken until it is left. */
export interface Place {
  /** Says whose it is; once. Throws LIMIT_EXCEEDED where the owner has all that one may have. */
  claim(owner: string): void;
  /** Gives it back; more than once does nothing. */
  leave(): void;
}

export interface QuotaLimits {
  readonly whole: LimitName;
  readonly ofOwner: LimitName;
  /** Told to whom is refused. */
  readonly retryAfterSeconds: number;
}

export class Quota {
  readonly #owners = new OwnerCounts();
  #total = 0;

  constructor(
    private readonly limits: Limits,
    private readonly names: QuotaLimits,
  ) {}

  /** How many places are taken. */
  get total(): number {
    return this.#total;
  }

  /** How many of them an owner has. */
  of(owner: string): number {
    return this.#owners.of(owner);
  }

  /** Takes a place of nobody's yet. Throws LIMIT_EXCEEDED. */
  take(): Place {
    const { whole, retryAfterSeconds } = this.names;
    if (this.#total >= this.limits[whole])
      throw limitExceeded(whole, this.limits, 'server', { retryAfterSeconds });
    this.#total++;
    return this.#place();
  }

  /** Takes a place of an owner's. Throws LIMIT_EXCEEDED, and then takes none. */
  takeFor(owner: string): Place {
    // First: who is over its own limit hears of that one.
    this.#checkOwner(owner);
    const place = this.take();
    place.claim(owner);
    return place;
  }

  #checkOwner(owner: string): void {
    const { ofOwner, retryAfterSeconds } = this.names;
    if (this.#owners.of(owner) >= this.limits[ofOwner])
      throw limitExceeded(ofOwner, this.limits, formatOwner(owner), { retryAfterSeconds });
  }

  #place(): Place {
    let holder: string | undefined;
    let left = false;
    return {
      claim: (owner) => {
        this.#checkOwner(owner);
        this.#owners.add(owner, 1);
        holder = owner;
      },
      leave: () => {
        if (left) return;
        left = true;
        this.#total--;
        if (holder !== undefined) this.#owners.add(holder, -1);
      },
    };
  }
}
