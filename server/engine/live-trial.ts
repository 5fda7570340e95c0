/**
 * A trial that has not ended, as the engine holds it in memory: its record as
 * last written, changed in place only before it is, and over it what its reports have added
 * since. Ended trials are on disk alone.
 *
 * A trial that nobody works on can *rest*: then only the bytes of its record are held,
 * and a few numbers that are asked for all the time. Whoever looks at more wakes it up;
 * what only shows it (`view`, `peek`) lets it rest. In ASHA three quarters of all trials
 * are paused for good: at rest one of 8 parameters takes 1.0 KB of resident memory.
 */
import type { Measurement } from '../gen/wazir/v1/measurement.js';
import type { Scheduling, Trial } from '../gen/wazir/v1/trial.js';
import { type TrialOutline, TrialRecord } from '../gen/wazir/internal/v1/records.js';
import { isBetter } from '../domain/measurement.js';

export class LiveTrial {
  readonly id: number;
  /** The newest attempt; 0 before the first hand-out. */
  attempt: number;
  /** The highest step that any attempt reported. */
  lastStep: number;
  /** The highest step that the newest attempt reported; where it started before it has. */
  attemptLast: number;
  /** Sequence number of its newest report. */
  reportSequence = 0;
  #best: Measurement | undefined;
  #last: Measurement | undefined;
  /** Undefined while it rests. */
  #record: TrialRecord | undefined;
  /**
   * The encoded record while it rests, each byte a character: a string is one object
   * without pointers on the heap, an array of bytes three and an allocation outside.
   */
  #resting: string | undefined;

  constructor(record: TrialRecord) {
    const trial = record.trial!;
    this.id = trial.id;
    this.attempt = trial.attempts;
    this.lastStep = trial.lastStep;
    this.attemptLast = record.attemptFrom + trial.resourceSpent - record.spentBefore;
    this.#best = trial.bestMeasurement;
    this.#last = record.lastMeasurement;
    this.#record = record;
  }

  /** One that rests, from its record as it was written. */
  static resting(outline: TrialOutline, bytes: Uint8Array): LiveTrial {
    const live = new LiveTrial(outline as TrialRecord);
    live.rest(bytes);
    return live;
  }

  /** Whether it rests: then it is PAUSED, not promoted, and its record holds all its reports. */
  get isResting(): boolean {
    return this.#resting !== undefined;
  }

  /** Lets it rest. @param bytes its record, encoded */
  rest(bytes: Uint8Array): void {
    this.#resting = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1');
    this.#record = undefined;
    this.#best = undefined;
    this.#last = undefined;
  }

  get record(): TrialRecord {
    return this.#record ?? this.#wake();
  }

  set record(record: TrialRecord) {
    if (this.isResting) this.#wake();
    this.#record = record;
    this.attempt = record.trial!.attempts;
  }

  /** Its record, for one look. */
  peek(): TrialRecord {
    return this.#record ?? TrialRecord.decode(Buffer.from(this.#resting!, 'latin1'));
  }

  #wake(): TrialRecord {
    const record = (this.#record = this.peek());
    this.#best = record.trial!.bestMeasurement;
    this.#last = record.lastMeasurement;
    this.#resting = undefined;
    return record;
  }

  get trial(): Trial {
    return this.record.trial!;
  }

  get scheduling(): Scheduling {
    return this.trial.scheduling!;
  }

  /** Whether its promotion has been decided and it waits to be lent. */
  get isPromoted(): boolean {
    // A queued trial has no place yet.
    return !this.isResting && (this.trial.scheduling?.promoted ?? false);
  }

  get best(): Measurement | undefined {
    if (this.isResting) this.#wake();
    return this.#best;
  }

  get last(): Measurement | undefined {
    if (this.isResting) this.#wake();
    return this.#last;
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
    const { best, last } = this;
    this.lastStep = Math.max(this.lastStep, step);
    this.attemptLast = Math.max(this.attemptLast, step);
    if (!last || attempt > last.attempt || (attempt === last.attempt && step >= last.step))
      this.#last = measurement;
    if (loss !== undefined && isBest(measurement, loss, best, lossOf)) this.#best = measurement;
  }

  /** Takes out what its reports have brought. */
  forgetReports(): void {
    this.#best = undefined;
    this.#last = undefined;
    this.attemptLast = 0;
  }

  /** Adds to the record what the reports have added; only for who has just made the record. */
  merge(sequence: number): void {
    const { record, trial } = this;
    trial.lastStep = this.lastStep;
    trial.bestMeasurement = this.#best;
    trial.resourceSpent = this.spent;
    trial.sequence = sequence;
    record.lastMeasurement = this.#last;
  }

  /** The trial as clients see it. `expires` is when its lease ends, for people. */
  view(expires: Trial['endTime']): Trial {
    if (this.isResting) return this.peek().trial!;
    const trial = this.trial;
    return {
      ...trial,
      lastStep: this.lastStep,
      bestMeasurement: this.#best,
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
