/** What the measurements of a trial are held against, and what they add up to. */
import { hasEnded } from '../domain/trial.js';
import type { TrialRecord } from '../gen/wazir/internal/v1/records.js';
import { TrialSource } from '../gen/wazir/v1/trial.js';

export class TrialFacts {
  /** The last step of each attempt that has reported. */
  readonly #last = new Map<number, number>();

  constructor(readonly record: TrialRecord) {}

  get trial() {
    return this.record.trial!;
  }

  get ended(): boolean {
    return hasEnded(this.trial.state);
  }

  /** Whether what it has spent and reached follows from its measurements. */
  get isMeasured(): boolean {
    return !this.trial.deleted && this.trial.source !== TrialSource.WARM_START;
  }

  add(attempt: number, step: number): void {
    this.#last.set(attempt, Math.max(this.#last.get(attempt) ?? 0, step));
  }

  /** The highest step of any attempt; 0 before the first. */
  get lastStep(): number {
    return Math.max(0, ...this.#last.values());
  }

  /** Where an attempt has come to. */
  reached(attempt: number): number {
    const start = this.record.attemptStarts[attempt - 1] ?? 0;
    return Math.max(this.#last.get(attempt) ?? start, start);
  }

  /** Steps trained over all attempts. */
  get spent(): number {
    return this.record.attemptStarts.reduce((sum, start, i) => sum + this.reached(i + 1) - start, 0);
  }
}
