/**
 * Time of day that does not jump within a process: the wall clock as it was at the
 * start, moved on by the monotonic one. For how old things are that outlive a
 * process. What people read comes from the wall clock itself.
 */
import type { Clock } from './clock.js';

export class SteadyTime {
  /** Milliseconds since 1970 at the start. */
  readonly start: number;
  readonly #monotonicStart: number;

  constructor(private readonly clock: Clock) {
    this.start = clock.wall();
    this.#monotonicStart = clock.monotonic();
  }

  /** Milliseconds since 1970. */
  now(): number {
    return this.start + this.clock.monotonic() - this.#monotonicStart;
  }

  /**
   * How old something is that bears a time of the wall clock, in milliseconds, 0 or
   * more. If the wall clock jumped since then, this clock knows better; if it had
   * jumped before, the wall clock does. Of the two the one that is too far off gives
   * a time yet to come, or the greater age. What both have yet to come is older than
   * this process.
   */
  ageOf(wallTime: number): number {
    const ages = [this.now() - wallTime, this.clock.wall() - wallTime].filter((age) => age >= 0);
    return ages.length === 0 ? this.now() - this.start : Math.min(...ages);
  }
}
