/**
 * Promoted trials that wait for a worker. Furthest first, then by rank at the
 * rung they come from: an order made of what is on their records alone, so that a
 * restart does not change it.
 */
import type { Scheduling } from '../domain/spec.js';

interface Entry {
  readonly trial: number;
  readonly scheduling: Scheduling;
}

function before(a: Entry, b: Entry): boolean {
  if (a.scheduling.target !== b.scheduling.target) return a.scheduling.target > b.scheduling.target;
  const ra = a.scheduling.results.at(-1);
  const rb = b.scheduling.results.at(-1);
  if (ra && rb) {
    if (ra.kind !== rb.kind) return ra.kind < rb.kind;
    if (ra.loss !== rb.loss && !Number.isNaN(ra.loss) && !Number.isNaN(rb.loss)) return ra.loss < rb.loss;
    if (ra.sequence !== rb.sequence) return ra.sequence < rb.sequence;
  }
  return a.trial < b.trial;
}

export class ReadyQueue {
  readonly #entries: Entry[] = [];
  readonly #trials = new Set<number>();

  get size(): number {
    return this.#entries.length;
  }

  has(trial: number): boolean {
    return this.#trials.has(trial);
  }

  add(trial: number, scheduling: Scheduling): void {
    if (this.#trials.has(trial)) return;
    const entry = { trial, scheduling };
    let low = 0;
    let high = this.#entries.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (before(this.#entries[middle]!, entry)) low = middle + 1;
      else high = middle;
    }
    this.#entries.splice(low, 0, entry);
    this.#trials.add(trial);
  }

  first(): number | undefined {
    return this.#entries[0]?.trial;
  }

  remove(trial: number): void {
    if (!this.#trials.delete(trial)) return;
    this.#entries.splice(
      this.#entries.findIndex((entry) => entry.trial === trial),
      1,
    );
  }
}
