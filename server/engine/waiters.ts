/** Askers for whom there was nothing yet: served first come, first served. */
import type { Clock, Timer } from './clock.js';

/** A parked asker. */
export interface Waiter {
  /**
   * Tries to answer it now. Must park it no further: it leaves the line when it
   * has been answered.
   * @returns whether it was answered
   */
  serve(): boolean;
  /** Its time is up: answers it with nothing. */
  giveUp(): void;
  /** Ends it with an error. */
  refuse(error: Error): void;
}

export class Waiters {
  readonly #line = new Map<Waiter, Timer>();
  #closed: Error | undefined;

  constructor(private readonly clock: Clock) {}

  get size(): number {
    return this.#line.size;
  }

  /** Puts an asker at the end of the line for so many milliseconds. */
  park(waiter: Waiter, ms: number): void {
    if (this.#closed) {
      waiter.refuse(this.#closed);
      return;
    }
    const timer = this.clock.after(ms, () => {
      if (this.leave(waiter)) waiter.giveUp();
    });
    this.#line.set(waiter, timer);
  }

  /** Takes an asker out of the line; false where it was not in it. */
  leave(waiter: Waiter): boolean {
    const timer = this.#line.get(waiter);
    if (!timer) return false;
    timer.cancel();
    return this.#line.delete(waiter);
  }

  /** Serves from the front for as long as there is something to hand out. */
  serve(): void {
    for (const waiter of this.#line.keys()) {
      if (!waiter.serve()) return;
      this.leave(waiter);
    }
  }

  /** Ends all with an error, and all who come later too. */
  close(error: Error): void {
    this.#closed = error;
    this.refuseAll(error);
  }

  /** Ends all with an error. */
  refuseAll(error: Error): void {
    for (const waiter of [...this.#line.keys()]) {
      this.leave(waiter);
      waiter.refuse(error);
    }
  }
}
