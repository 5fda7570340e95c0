import type { HeldTrial } from './gen/wazir/v1/trial.js';

/**
 * What each worker of a client runs at this moment. A server hands a worker's
 * trials out anew when it asks under the same name without naming them, as a
 * second loop in the same process would.
 */
export class HeldTrials {
  readonly #held = new Map<string, Set<HeldTrial>>();

  /** Notes that a worker runs a trial; returns what ends that. */
  add(study: string, worker: string, { trial, attempt }: HeldTrial): () => void {
    const key = `${study} ${worker}`;
    const entry = { trial, attempt };
    const entries = this.#held.get(key) ?? new Set();
    this.#held.set(key, entries.add(entry));
    return () => {
      entries.delete(entry);
      if (entries.size === 0) this.#held.delete(key);
    };
  }

  of(study: string, worker: string): HeldTrial[] {
    return [...(this.#held.get(`${study} ${worker}`) ?? [])];
  }
}
