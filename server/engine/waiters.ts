/**
 * Askers for whom there was nothing yet: served first come, first served. Ten
 * thousand may wait, and one event can concern them all; they are then answered in
 * portions, so that other clients are served in between.
 */
import type { Clock, Timer } from './clock.js';
import type { Place } from './quota.js';

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

/** Answered in one turn of the event loop; it takes some milliseconds. */
const portion = 100;

export class Waiters {
  readonly #line = new Map<Waiter, { readonly timer: Timer; readonly place: Place }>();
  #closed: Error | undefined;
  #goingOn = false;

  /** @param takePlace throws where nobody more may wait */
  constructor(
    private readonly clock: Clock,
    private readonly takePlace: () => Place,
  ) {}

  get size(): number {
    return this.#line.size;
  }

  /** Whether there was more to hand out than one turn could: who comes now must go to the end of the line. */
  get isServing(): boolean {
    return this.#goingOn;
  }

  /** Puts an asker at the end of the line for so many milliseconds; refuses it where there is no place. */
  park(waiter: Waiter, ms: number): void {
    if (this.#closed) {
      waiter.refuse(this.#closed);
      return;
    }
    let place: Place;
    try {
      place = this.takePlace();
    } catch (error) {
      waiter.refuse(error as Error);
      return;
    }
    const timer = this.clock.after(ms, () => {
      if (this.leave(waiter)) waiter.giveUp();
    });
    this.#line.set(waiter, { timer, place });
  }

  /** Takes an asker out of the line; false where it was not in it. */
  leave(waiter: Waiter): boolean {
    const parked = this.#line.get(waiter);
    if (!parked) return false;
    parked.timer.cancel();
    parked.place.leave();
    return this.#line.delete(waiter);
  }

  /** Serves from the front for as long as there is something to hand out. */
  serve(): void {
    if (this.#goingOn) return;
    let served = 0;
    for (const waiter of this.#line.keys()) {
      if (served++ === portion) {
        this.#goingOn = true;
        setImmediate(() => {
          this.#goingOn = false;
          this.serve();
        });
        return;
      }
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
    const all = [...this.#line.keys()];
    for (const waiter of all) this.leave(waiter);
    const refuse = () => {
      for (const waiter of all.splice(0, portion)) waiter.refuse(error);
      if (all.length > 0) setImmediate(refuse);
    };
    refuse();
  }
}
