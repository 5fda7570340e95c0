/** A clock that moves only when told to, for tests in which no real time may decide. */
import { setImmediate } from 'node:timers/promises';
import type { Clock, Timer } from '../../server/engine/clock.js';

interface Pending {
  readonly due: number;
  readonly order: number;
  readonly callback: () => void;
}

export class FakeClock implements Clock {
  #now = 0;
  #order = 0;
  readonly #pending = new Set<Pending>();

  /** @param epoch what the wall clock shows at first, in milliseconds since 1970 */
  constructor(private epoch = Date.UTC(2024, 0, 1)) {}

  monotonic(): number {
    return this.#now;
  }

  wall(): number {
    return this.epoch + this.#now;
  }

  after(ms: number, callback: () => void): Timer {
    const pending = { due: this.#now + Math.max(ms, 0), order: this.#order++, callback };
    this.#pending.add(pending);
    return { cancel: () => this.#pending.delete(pending) };
  }

  /** How many timers run. */
  get timers(): number {
    return this.#pending.size;
  }

  /**
   * Moves on by so many milliseconds. Each timer fires at its own time, the
   * earlier set first among equals, and what it starts gets a turn of the event
   * loop before the next.
   */
  async advance(ms: number): Promise<void> {
    const end = this.#now + ms;
    for (let next = this.#nextDue(end); next; next = this.#nextDue(end)) {
      this.#pending.delete(next);
      this.#now = Math.max(this.#now, next.due);
      next.callback();
      await setImmediate();
    }
    this.#now = end;
  }

  /** Moves on without a timer firing: the process was busy, or stopped, when they were due. */
  stall(ms: number): void {
    this.#now += ms;
  }

  /** Sets the wall clock ahead or, negative, back; the monotonic clock knows nothing of it. */
  jump(ms: number): void {
    this.epoch += ms;
  }

  #nextDue(end: number): Pending | undefined {
    let next: Pending | undefined;
    for (const it of this.#pending)
      if (it.due <= end && (!next || it.due < next.due || (it.due === next.due && it.order < next.order)))
        next = it;
    return next;
  }
}
