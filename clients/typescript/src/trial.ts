import { randomUUID } from 'node:crypto';
import { setImmediate } from 'node:timers/promises';
import {
  checkpointPath,
  earlierCheckpoints,
  isSaved,
  makeRoom,
  removeCheckpoints,
} from './checkpoint-files.js';
import type { Directive } from './directive.js';
import { duration } from './duration.js';
import { WazirError } from './error.js';
import type { Checkpoint } from './gen/wazir/v1/measurement.js';
import {
  CompleteTrialRequest,
  TrialServiceService,
  type Assignment,
  type Trial as TrialMessage,
} from './gen/wazir/v1/trial.js';
import { isLoss, Lease } from './lease.js';
import { writeMeasurement, type Metrics } from './metrics.js';
import { readParameters, type Parameters } from './parameter-values.js';
import type { ReportStream } from './report-stream.js';
import type { CallOptions, Rpc } from './rpc.js';

/** What a trial needs of its client. */
export interface TrialContext {
  readonly rpc: Rpc;
  readonly reports: ReportStream;
  readonly studyId: string;
  readonly checkpointDirectory: string;
}

/** How long a server that is away is waited for when the loop is left. */
const ABANDON_RETRY_MS = 5_000;

/** A trial that this worker has been lent. */
export class Trial {
  /** Resource name, `owners/{owner}/studies/{study}/trials/{trial}`. */
  readonly name: string;
  /** Its number in the study. */
  readonly id: number;
  /** Number of this hand-out of the trial, from 1. */
  readonly attempt: number;
  /** The values to try, by name, in the order of the study's spec; an inactive conditional parameter is absent. */
  readonly parameters: Parameters;
  /** The step of the checkpoint to start from; 0 means from the beginning. */
  readonly fromResource: number;
  /** Where the checkpoint to start from lies; undefined on a fresh start. */
  readonly checkpointPath: string | undefined;
  /** The trial as the server sent it. */
  readonly message: TrialMessage;
  readonly #context: TrialContext;
  readonly #lease: Lease;
  readonly #path: string;
  #position: number;
  #settled = false;

  constructor(context: TrialContext, message: TrialMessage, assignment: Assignment) {
    this.#context = context;
    this.message = message;
    this.name = message.name;
    this.id = message.id;
    this.attempt = assignment.attempt;
    this.parameters = readParameters(message.parameters);
    this.fromResource = this.#position = assignment.fromResource;
    this.checkpointPath = assignment.checkpoint?.uri;
    const study = { id: context.studyId, uid: assignment.studyUid };
    this.#path = checkpointPath(context.checkpointDirectory, study, message.id, this.attempt);
    this.#lease = new Lease(message.name, assignment, context.reports, context.rpc.clock);
  }

  /**
   * Where to save when training has ended for now; the folder around it is made
   * when this is read. A file or a directory there is announced as it is found,
   * so let it come into being whole: write beside it, then rename.
   */
  get checkpointPathToWrite(): string {
    makeRoom(this.#path);
    return this.#path;
  }

  /** The step up to which to train, as last told; 0 where the worker decides. */
  get toResource(): number {
    return this.#lease.until;
  }

  /** Whether another worker has the trial now, or it was ended elsewhere: what is trained on counts for nothing. */
  get lost(): boolean {
    return this.#lease.end === 'lost';
  }

  /** Aborts as soon as training is to end, with the action as its reason. */
  get signal(): AbortSignal {
    return this.#lease.signal;
  }

  /**
   * The steps to train, from `fromResource + 1`. Ends when the server says so or
   * the target is reached; goes on where a report has raised the target. Without
   * a resource in the study it counts until it is told to stop.
   */
  async *steps(): AsyncGenerator<number, void, undefined> {
    const lease = this.#lease;
    for (;;) {
      // Renewals and answers need the event loop, which a training step may never leave otherwise.
      await setImmediate();
      if (lease.until > 0 && this.#position >= lease.until) await lease.settled();
      const reached = lease.until > 0 && this.#position >= lease.until;
      if (lease.end !== undefined || reached || this.#settled) return;
      yield ++this.#position;
    }
  }

  /**
   * Reports what was measured after a step and resolves, once that is durable,
   * with what to do next. `steps` obeys it; a loop of your own has to.
   *
   * Throws a WazirError for a metric that the study does not know, another value
   * for a step that was reported, and a server that stays away too long.
   */
  report(step: number, metrics: Metrics, options: { elapsedSeconds?: number } = {}): Promise<Directive> {
    const elapsed = options.elapsedSeconds === undefined ? undefined : duration(options.elapsedSeconds);
    return this.#lease.send(writeMeasurement(step, metrics, elapsed));
  }

  /** Announces a checkpoint written while training goes on, from which the trial can resume if this worker dies. */
  async checkpoint(step: number, uri = this.#path): Promise<void> {
    await this.#unlessLost(() =>
      this.#context.rpc.call(TrialServiceService.renewLease, {
        ...this.#key,
        checkpoint: { step, uri, trial: 0 },
      }),
    );
  }

  /** Ends the trial well: further training is of no use. Without metrics, those reported count. */
  async complete(metrics?: Metrics): Promise<void> {
    await this.#end(metrics && { finalMeasurement: writeMeasurement(this.#lease.lastStep ?? 0, metrics) });
  }

  /** Ends the trial as one that can not be evaluated; the study replaces it and does not count it. */
  async infeasible(reason: string): Promise<void> {
    await this.#end({ outcome: { $case: 'infeasibleReason', value: reason } });
  }

  /** Ends the trial as one whose training broke; it counts as the worst. */
  async fail(reason: string): Promise<void> {
    await this.#end({ outcome: { $case: 'failureReason', value: reason } });
  }

  /** Gives the trial back unfinished, for another worker to take; with a checkpoint, to be resumed from there. */
  async release(checkpoint?: { readonly step: number; readonly uri: string }): Promise<void> {
    await this.#release(checkpoint && { ...checkpoint, trial: 0 });
  }

  /**
   * Says what has become of the trial where its worker has not.
   *
   * @param whole whether the body of the loop came to its end, or was left.
   * @internal
   */
  async finish(whole: boolean): Promise<void> {
    try {
      await this.#lease.settled();
      if (!this.#settled) await this.#settle(whole);
    } catch (error) {
      // Who leaves the loop while the server is away need not wait: the lease ends by itself.
      if (whole || !(error instanceof WazirError && error.transient)) throw error;
    } finally {
      this.#lease.close();
    }
  }

  async #settle(whole: boolean): Promise<void> {
    const { end, endedUnasked, lastStep } = this.#lease;
    const options = whole ? {} : { retryForMs: ABANDON_RETRY_MS };
    if (end === 'pause') {
      await this.#release(await this.#saved(), options);
    } else if (end === 'stop' || end === 'complete') {
      if (endedUnasked) await this.#release(undefined, options);
      await this.#tidy(end, options);
    } else if (end === undefined && whole && lastStep !== undefined) {
      await this.complete();
    } else if (end === undefined) {
      await this.#release(undefined, options);
      // Handed out again and again it would be done with no training at all.
      if (whole)
        throw new TypeError(`nothing was reported on trial ${this.id}: call fail, infeasible or release`);
    }
  }

  get #key() {
    return { name: this.name, attempt: this.attempt, studyUid: this.message.studyUid };
  }

  async #end(result: Partial<CompleteTrialRequest> = {}): Promise<void> {
    const request = CompleteTrialRequest.create({ ...this.#key, ...result, requestId: randomUUID() });
    await this.#lease.settled();
    await this.#unlessLost(() => this.#context.rpc.call(TrialServiceService.completeTrial, request));
    this.#settled = true;
  }

  async #release(checkpoint: Checkpoint | undefined, options: CallOptions = {}): Promise<void> {
    const request = { ...this.#key, checkpoint, requestId: randomUUID() };
    await this.#lease.settled();
    await this.#unlessLost(() => this.#context.rpc.call(TrialServiceService.releaseTrial, request, options));
    this.#settled = true;
  }

  async #unlessLost(call: () => Promise<unknown>): Promise<void> {
    try {
      await call();
    } catch (error) {
      if (!isLoss(error)) throw error;
      this.#lease.apply({ action: 'lost', until: 0 });
    }
  }

  async #saved(): Promise<Checkpoint | undefined> {
    const step = this.#lease.lastStep;
    const uri = this.#path;
    return step !== undefined && (await isSaved(uri)) ? { step, uri, trial: 0 } : undefined;
  }

  /** Removes what an ended trial has saved and nobody will ask for; what a completed one has saved last is its result. */
  async #tidy(end: 'stop' | 'complete', options: CallOptions): Promise<void> {
    const path = this.#path;
    const useless = await earlierCheckpoints(path);
    if (end === 'stop' && (await isSaved(path))) useless.push(path);
    if (useless.length === 0) return;
    try {
      const { rpc } = this.#context;
      const { checkpointNeeded } = await rpc.call(TrialServiceService.getTrial, { name: this.name }, options);
      if (!checkpointNeeded) await removeCheckpoints(useless);
    } catch {
      // The trial's end is on record; a file too many is no reason to stop a worker.
    }
  }
}
