import type { Directive } from './directive.js';
import { seconds } from './duration.js';
import { WazirError } from './error.js';
import type { Measurement } from './gen/wazir/v1/measurement.js';
import type { Assignment } from './gen/wazir/v1/trial.js';
import type { ReportStream } from './report-stream.js';
import type { Clock } from './clock.js';

/** How often a lease is renewed in the time that it lasts: two renewals may be lost before it ends. */
const RENEWALS_PER_LEASE = 3;

/**
 * One attempt at a trial while this client has it: sends its reports, renews
 * its lease when none has been sent for a third of it, and keeps what the
 * server has last said.
 */
export class Lease {
  readonly attempt: number;
  readonly #trial: string;
  readonly #studyUid: string;
  readonly #intervalMs: number;
  readonly #reports: ReportStream;
  readonly #clock: Clock;
  readonly #ended = new AbortController();
  readonly #pending = new Set<Promise<unknown>>();
  readonly #unlisten: () => void;
  #cancelTimer: () => void = () => {};
  #until: number;
  #end: Directive['action'] | undefined;
  #lastStep: number | undefined;
  #unasked = false;
  #closed = false;

  constructor(trial: string, assignment: Assignment, reports: ReportStream, clock: Clock) {
    this.attempt = assignment.attempt;
    this.#trial = trial;
    this.#studyUid = assignment.studyUid;
    this.#until = assignment.toResource;
    this.#intervalMs = (seconds(assignment.leaseDuration) * 1_000) / RENEWALS_PER_LEASE;
    this.#reports = reports;
    this.#clock = clock;
    this.#unlisten = reports.listen(trial, this.attempt, (directive) => {
      if (this.#end === undefined && directive.action !== 'continue') this.#unasked = true;
      this.apply(directive);
    });
    this.#arm();
  }

  /** The step up to which to train; 0 where the worker decides. */
  get until(): number {
    return this.#until;
  }

  /** Why training is to end, once it is. */
  get end(): Directive['action'] | undefined {
    return this.#end;
  }

  /** Whether the end came unasked: then the server waits to hear that it has arrived. */
  get endedUnasked(): boolean {
    return this.#unasked;
  }

  /** The highest step that this attempt has reported and the server has acknowledged. */
  get lastStep(): number | undefined {
    return this.#lastStep;
  }

  /** Aborts when training is to end. */
  get signal(): AbortSignal {
    return this.#ended.signal;
  }

  /** Sends a measurement, or a renewal; a lease that is lost is no error. */
  async send(measurement: Measurement | undefined): Promise<Directive> {
    const sent = this.#reports.send({
      trial: this.#trial,
      attempt: this.attempt,
      studyUid: this.#studyUid,
      measurement,
    });
    this.#pending.add(sent);
    try {
      const directive = await sent;
      if (measurement !== undefined) this.#lastStep = Math.max(this.#lastStep ?? 0, measurement.step);
      this.apply(directive);
      return directive;
    } catch (error) {
      if (!isLoss(error)) throw error;
      this.apply({ action: 'lost', until: 0 });
      return { action: 'lost', until: 0 };
    } finally {
      this.#pending.delete(sent);
      this.#arm();
    }
  }

  /** Takes a directive. The first that ends training stands. */
  apply(directive: Directive): void {
    if (this.#end !== undefined) return;
    if (directive.action === 'continue') {
      this.#until = directive.until;
      return;
    }
    this.#end = directive.action;
    this.#ended.abort(directive.action);
  }

  /** Resolves when every report sent so far has its answer. */
  async settled(): Promise<void> {
    await Promise.allSettled(this.#pending);
  }

  /** Ends renewing. */
  close(): void {
    this.#closed = true;
    this.#cancelTimer();
    this.#unlisten();
  }

  #arm(): void {
    this.#cancelTimer();
    // A paused trial is still renewed while its worker saves it; of the others there is nothing left to keep.
    const over = this.#end !== undefined && this.#end !== 'pause';
    if (this.#closed || over || this.#intervalMs === 0) return;
    this.#cancelTimer = this.#clock.after(this.#intervalMs, () => void this.#renew());
  }

  async #renew(): Promise<void> {
    try {
      await this.send(undefined);
    } catch (thrown) {
      // Anything but a study that is gone may pass until the next renewal or report, which says it to the worker.
      if (WazirError.from(thrown).code === 'NOT_FOUND') this.apply({ action: 'lost', until: 0 });
    }
  }
}

/** Whether an error says that the attempt is no longer the one that counts. */
export function isLoss(thrown: unknown): boolean {
  return thrown instanceof WazirError && ['STALE_ATTEMPT', 'TRIAL_ENDED'].includes(thrown.reason);
}
