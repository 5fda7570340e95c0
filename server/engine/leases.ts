/**
 * Who holds which trial until when. In memory alone: nothing is written to renew
 * a lease, and after a restart each runs its full duration anew (design: leases
 * and time). Every lease of a study lasts equally long from its last activity,
 * so the order of activity is the order of expiry: a Map, re-inserted on
 * renewal, keeps it at O(1).
 */

export interface Lease {
  readonly trial: number;
  readonly attempt: number;
  readonly client: string;
  /** When it was last renewed, on the monotonic clock. */
  activity: number;
  /** When a new step was last reported. */
  progress: number;
}

export class Leases {
  readonly #running = new Map<number, Lease>();
  readonly #lapsed = new Map<number, Lease>();
  readonly #byClient = new Map<string, Set<number>>();

  constructor(
    readonly durationMs: number,
    /** Milliseconds without a new step after which a renewal is none. */
    public patienceMs: number,
  ) {}

  /** How many trials are held, lapsed ones that nobody took over included. */
  get size(): number {
    return this.#running.size + this.#lapsed.size;
  }

  get(trial: number): Lease | undefined {
    return this.#running.get(trial) ?? this.#lapsed.get(trial);
  }

  /** Whether the trial is held by somebody whose time is not up. */
  isRunning(trial: number): boolean {
    return this.#running.has(trial);
  }

  /** Lends a trial, whoever had it before. */
  grant(trial: number, attempt: number, client: string, now: number): void {
    this.end(trial);
    this.#running.set(trial, { trial, attempt, client, activity: now, progress: now });
    const held = this.#byClient.get(client);
    if (held) held.add(trial);
    else this.#byClient.set(client, new Set([trial]));
  }

  /**
   * Renews a lease, also a lapsed one: until it is lent again its holder may come
   * back. A renewal without progress for longer than the study's patience has no
   * effect.
   */
  renew(trial: number, now: number, progressed: boolean): void {
    const lease = this.get(trial);
    if (!lease) return;
    if (progressed) lease.progress = now;
    else if (now - lease.progress > this.patienceMs) return;
    lease.activity = now;
    this.#lapsed.delete(trial);
    this.#running.delete(trial);
    this.#running.set(trial, lease);
  }

  end(trial: number): void {
    const lease = this.get(trial);
    if (!lease) return;
    this.#running.delete(trial);
    this.#lapsed.delete(trial);
    const held = this.#byClient.get(lease.client);
    held?.delete(trial);
    if (held?.size === 0) this.#byClient.delete(lease.client);
  }

  /** The trials of a client whose leases run, by number: an order that a restart does not change. */
  heldBy(client: string): number[] {
    const held = this.#byClient.get(client);
    if (!held) return [];
    return [...held].filter((trial) => this.#running.has(trial)).sort((a, b) => a - b);
  }

  /** When the next lease ends; undefined where none runs. */
  nextExpiry(): number | undefined {
    for (const lease of this.#running.values()) return lease.activity + this.durationMs;
    return undefined;
  }

  /** Moves the leases whose time is up among the lapsed; returns them, longest silent first. */
  lapse(now: number): Lease[] {
    const ended: Lease[] = [];
    for (const lease of this.#running.values()) {
      if (lease.activity + this.durationMs > now) break;
      ended.push(lease);
    }
    for (const lease of ended) {
      this.#running.delete(lease.trial);
      this.#lapsed.set(lease.trial, lease);
    }
    return ended;
  }

  /** Lapsed leases, longest silent first. */
  lapsed(): IterableIterator<Lease> {
    return this.#lapsed.values();
  }

  all(): Lease[] {
    return [...this.#running.values(), ...this.#lapsed.values()];
  }
}
