import type { Clock, Timer } from '../../server/engine/clock.js';

interface Alarm {
  readonly at: number;
  readonly ring: () => void;
}

/** A clock for whole servers that stands still until a test moves it by hand. */
export class HandClock implements Clock {
  #now = 0;
  readonly #alarms = new Set<Alarm>();

  monotonic(): number {
    return this.#now;
  }

  wall(): number {
    return Date.UTC(2020, 0, 1) + this.#now;
  }

  after(ms: number, ring: () => void): Timer {
    const alarm = { at: this.#now + Math.max(ms, 0), ring };
    this.#alarms.add(alarm);
    return { cancel: () => void this.#alarms.delete(alarm) };
  }

  /** Moves on, and rings on the way what is due, earliest first. */
  advance(ms: number): void {
    const end = this.#now + ms;
    for (;;) {
      const [next] = [...this.#alarms].filter(({ at }) => at <= end).sort((a, b) => a.at - b.at);
      if (!next) break;
      this.#alarms.delete(next);
      this.#now = Math.max(this.#now, next.at);
      next.ring();
    }
    this.#now = end;
  }
}
