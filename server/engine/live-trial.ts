/**
 * A trial that has not ended, as the engine holds it in memory: its record as
 * last written, changed in place only before it is, and over it what its reports have added
 * since. Ended trials are on disk alone.
 */
import type { Measurement } from '../gen/wazir/v1/measurement.js';
import type { Scheduling, Trial } from '../gen/wazir/v1/trial.js';
import type { TrialRecord } from '../gen/wazir/internal/v1/records.js';
import { isBetter } from '../domain/measurement.js';

export class LiveTrial {
  /** The highest step that any attempt reported. */
  lastStep: number;
  /** The highest step that the newest attempt reported; where it started before it has. */
  attemptLast: number;
  best: Measurement | undefined;
  last: Measurement | undefined;
  /** Sequence number of its newest report. */
  reportSequence = 0;

  constructor(public record: TrialRecord) {
    const trial = record.trial!;
    this.lastStep = trial.lastStep;
    this.attemptLast = record.attemptFrom + trial.resourceSpent - record.spentBefore;
    this.best = trial.bestMeasurement;
    this.last = record.lastMeasurement;
  }

  get trial(): Trial {
    return this.record.trial!;
  }

  get id(): number {
    return this.trial.id;
  }

  get scheduling(): Scheduling {
    return this.trial.scheduling!;
  }

  /** The newest attempt; 0 before the first hand-out. */
  get attempt(): number {
    return this.trial.attempts;
  }

  /** Steps trained, over all attempts. */
  get spent(): number {
    return this.record.spentBefore + this.attemptLast - this.record.attemptFrom;
  }

  /** Steps that its worker may still train; 0 while it is not lent. */
  get lent(): number {
    const assignment = this.trial.assignment;
    return assignment ? Math.max(0, assignment.toResource - this.attemptLast) : 0;
  }

  /** Takes in a measurement of the newest attempt. `loss` is undefined where it lacks the ranking metric. */
  observe(measurement: Measurement, loss: number | undefined, lossOf: (m: Measurement) => number): void {
    const { step, attempt } = measurement;
    this.lastStep = Math.max(this.lastStep, step);
    this.attemptLast = Math.max(this.attemptLast, step);
    const last = this.last;
    if (!last || attempt > last.attempt || (attempt === last.attempt && step >= last.step))
      this.last = measurement;
    if (loss !== undefined && isBest(measurement, loss, this.best, lossOf)) this.best = measurement;
  }

  /** Adds to the record what the reports have added; only for who has just made the record. */
  merge(sequence: number): void {
    const { record, trial } = this;
    trial.lastStep = this.lastStep;
    trial.bestMeasurement = this.best;
    trial.resourceSpent = this.spent;
    trial.sequence = sequence;
    record.lastMeasurement = this.last;
  }

  /** The trial as clients see it. `expires` is when its lease ends, for people. */
  view(expires: Trial['endTime']): Trial {
    const trial = this.trial;
    return {
      ...trial,
      lastStep: this.lastStep,
      bestMeasurement: this.best,
      resourceSpent: this.spent,
      sequence: Math.max(trial.sequence, this.reportSequence),
      assignment: trial.assignment && { ...trial.assignment, leaseExpireTime: expires },
    };
  }
}

/**
 * Whether a measurement is the best: of equal ones the first step of the first
 * attempt, in whatever order they came, so that a restart changes nothing.
 */
function isBest(
  { attempt, step }: Measurement,
  loss: number,
  best: Measurement | undefined,
  lossOf: (m: Measurement) => number,
): boolean {
  if (!best) return isBetter(loss, Number.NaN);
  const than = lossOf(best);
  if (loss !== than) return isBetter(loss, than);
  return attempt < best.attempt || (attempt === best.attempt && step <= best.step);
}
