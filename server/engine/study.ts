/**
 * One study in memory: what its commands read and change. The commands are
 * synchronous functions over it (`suggest.ts`, `report.ts`, `ending.ts` …), so
 * they take effect one after the other in the order in which they are called:
 * that is the whole of the actor. What they change is in a `Transaction`, whose
 * commit they wait for before they answer.
 *
 * When a commit fails the study is dropped (`gone`) and loaded from disk anew.
 */
import { WazirError } from '../domain/errors.js';
import { limitExceeded, type Limits } from '../domain/limits.js';
import { lossOf, valueOf } from '../domain/measurement.js';
import { formatStudyName, formatTrialName, type StudyName } from '../domain/names.js';
import type { Space } from '../domain/space.js';
import { TrialState } from '../domain/spec.js';
import type { StudyRecord } from '../gen/wazir/internal/v1/records.js';
import type { Measurement } from '../gen/wazir/v1/measurement.js';
import type { MetricSpec, Study as StudyMessage, StudyProgress, StudySpec } from '../gen/wazir/v1/study.js';
import { StudyEndReason, StudyState, type Trial } from '../gen/wazir/v1/trial.js';
import type { Sampler, SamplerKind } from '../policy/samplers/sampler.js';
import type { Scheduler } from '../policy/schedulers/scheduler.js';
import type { Store } from '../store/store.js';
import { fromTimestamp, toMilliseconds, toTimestamp, type Clock, type Timer } from './clock.js';
import { DirectiveListeners } from './directive-listeners.js';
import { Leases } from './leases.js';
import type { LiveTrial } from './live-trial.js';
import { ReadyQueue } from './ready-queue.js';
import { RequestLog } from './request-log.js';
import type { SteadyTime } from './steady-time.js';
import type { StudyHome } from './study-home.js';
import { Waiters } from './waiters.js';
import { Watchers } from './watchers.js';

/** What a study is made of; `load.ts` brings it together. */
export interface StudyParts {
  readonly uid: string;
  readonly name: StudyName;
  readonly record: StudyRecord;
  readonly home: StudyHome;
  readonly space: Space;
  readonly sampler: Sampler;
  readonly samplerKind: SamplerKind;
  readonly scheduler: Scheduler;
}

const progressFields = new Map<TrialState, keyof StudyProgress>([
  [TrialState.REQUESTED, 'requested'],
  [TrialState.ACTIVE, 'active'],
  [TrialState.PAUSED, 'paused'],
  [TrialState.STOPPING, 'stopping'],
  [TrialState.SUCCEEDED, 'succeeded'],
  [TrialState.STOPPED, 'stopped'],
  [TrialState.INFEASIBLE, 'infeasible'],
  [TrialState.FAILED, 'failed'],
]);

export class Study {
  readonly uid: string;
  readonly name: StudyName;
  readonly store: Store;
  readonly clock: Clock;
  readonly time: SteadyTime;
  /** The server's. */
  readonly limits: Limits;
  readonly space: Space;
  readonly sampler: Sampler;
  readonly samplerKind: SamplerKind;
  readonly scheduler: Scheduler;
  /** The opening of the store in which it was loaded; its commits carry it. */
  readonly epoch: number;

  record: StudyRecord;
  /** Trials that have not ended, by number. */
  readonly trials = new Map<number, LiveTrial>();
  /** Trials in training. */
  readonly leases: Leases;
  /** Paused trials whose worker may still hand in a checkpoint. */
  readonly saving: Leases;
  /** Trials queued by users, oldest first. */
  readonly queue = new Set<number>();
  /** Trials given back unfinished. */
  readonly released = new Set<number>();
  /** Promoted trials that can be lent. */
  readonly ready = new ReadyQueue();
  readonly waiters: Waiters;
  readonly watchers = new Watchers();
  readonly requests = new RequestLog();
  readonly listeners = new DirectiveListeners();

  readonly progress: StudyProgress = {
    requested: 0,
    active: 0,
    paused: 0,
    stopping: 0,
    succeeded: 0,
    stopped: 0,
    infeasible: 0,
    failed: 0,
    resourceSpent: 0,
    resourceLent: 0,
    reassigned: 0,
  };
  /** Number of the next trial. */
  nextTrial = 1;
  /** Number of the sampler's next draw. */
  nextDraw = 0;
  /** Trials that count to `max_trials`. */
  counted = 0;
  /** Sequence number of the last change, durable or not. */
  sequence = 0;
  /** Sequence number of the last durable change. */
  durableSequence = 0;
  /** The newest commit; what memory shows rests on it. */
  lastCommit: Promise<unknown> = Promise.resolve();
  /** The newest command that looks at the disk before it decides; see `inLane`. */
  #lane: Promise<unknown> = Promise.resolve();
  /** Wakes up when the next lease ends. */
  expiryTimer: Timer | undefined;
  /** When somebody last called, on the monotonic clock. */
  lastUsed: number;
  /** Told when a commit of the study was refused: memory is ahead of the disk then. */
  onCommitFailure: ((cause: unknown) => void) | undefined;
  /** Why the study can not be used any more; undefined while it can. */
  gone: WazirError | undefined;
  readonly #ageWhenLoaded: number;
  /** On the monotonic clock. */
  readonly #loaded: number;

  constructor(parts: StudyParts) {
    this.uid = parts.uid;
    this.name = parts.name;
    this.record = parts.record;
    const { store, clock, time, limits, waiting } = parts.home;
    this.store = store;
    this.epoch = store.epoch;
    this.clock = clock;
    this.time = time;
    this.limits = limits;
    this.space = parts.space;
    this.sampler = parts.sampler;
    this.samplerKind = parts.samplerKind;
    this.scheduler = parts.scheduler;
    const duration = toMilliseconds(this.spec.leaseDuration!);
    this.leases = new Leases(duration, this.patienceMs);
    this.saving = new Leases(duration, Infinity);
    this.waiters = new Waiters(clock, () => waiting.takeFor(this.name.owner));
    this.#loaded = clock.monotonic();
    this.#ageWhenLoaded = time.ageOf(fromTimestamp(this.message.createTime!));
    this.lastUsed = this.#loaded;
  }

  /** Throws why the study can not be used any more. */
  check(): void {
    this.lastUsed = this.clock.monotonic();
    if (this.gone) throw this.gone;
  }

  get message(): StudyMessage {
    return this.record.study!;
  }

  get spec(): StudySpec {
    return this.message.spec!;
  }

  get state(): StudyState {
    return this.message.state;
  }

  /**
   * Milliseconds since it was created. Over a restart, and over its leaving memory,
   * there is only the time of day to tell them; else the wall clock may jump.
   */
  ageMs(): number {
    return this.#ageWhenLoaded + this.clock.monotonic() - this.#loaded;
  }

  /** Milliseconds without a new step after which a lease can not be renewed. */
  get patienceMs(): number {
    const { maxTimeWithoutProgress } = this.spec.limits!;
    return maxTimeWithoutProgress ? toMilliseconds(maxTimeWithoutProgress) : Infinity;
  }

  /** The metric that schedulers rank by. */
  get rankingMetric(): MetricSpec {
    return this.spec.metrics[0]!;
  }

  /** The ranking metric of a measurement as a loss; undefined where it has none. */
  lossIn(measurement: Measurement): number | undefined {
    const metric = this.rankingMetric;
    const value = valueOf(measurement, metric.name);
    // Never −0, which the encoding of records turns into 0.
    return value === undefined ? undefined : lossOf(value, metric.goal) + 0;
  }

  /** Whether trials are handed out. */
  get lending(): boolean {
    return this.state === StudyState.ACTIVE && this.record.lendingEnded === StudyEndReason.UNSPECIFIED;
  }

  /** Whether `max_trials` leaves room for another trial. */
  get hasRoom(): boolean {
    const { maxTrials } = this.spec.limits!;
    return maxTrials === 0 || this.counted < maxTrials;
  }

  /**
   * Whether another trial may enter the scheduler, now or once a paused study goes
   * on. Queued trials were counted when they were queued.
   */
  get canEnter(): boolean {
    if (this.state === StudyState.COMPLETED || this.record.lendingEnded !== StudyEndReason.UNSPECIFIED)
      return false;
    return this.queue.size > 0 || this.canDraw;
  }

  /** Whether the server's limit leaves no room for another trial. */
  get isFull(): boolean {
    return this.nextTrial > this.limits.maxTrialsPerStudy;
  }

  /** The refusal of a new trial where the study is full. */
  full(retryAfterSeconds?: number): WazirError {
    return limitExceeded('maxTrialsPerStudy', this.limits, formatStudyName(this.name), { retryAfterSeconds });
  }

  /** Whether the sampler may make a trial now. */
  get canDraw(): boolean {
    return this.hasRoom && this.nextDraw < this.sampler.size;
  }

  /** Whether so many more steps may be lent. */
  fitsBudget(steps: number): boolean {
    const { maxTotalResource } = this.spec.limits!;
    if (maxTotalResource === 0) return true;
    return this.progress.resourceSpent + this.progress.resourceLent + steps <= maxTotalResource;
  }

  /** Whether another trial may be held beside those that are. */
  get hasFreePlace(): boolean {
    const { maxParallelTrials } = this.spec.limits!;
    return maxParallelTrials === 0 || this.leases.size < maxParallelTrials;
  }

  /** Counts a trial into the progress when `sign` is 1, out of it when −1. */
  count(state: TrialState, sign: 1 | -1): void {
    const field = progressFields.get(state);
    if (field) this.progress[field] += sign;
  }

  /** Puts a paused trial among those ready to be lent, or takes it out. */
  refreshReady(trial: LiveTrial): void {
    const { id } = trial;
    const isReady = trial.isPromoted && trial.trial.state === TrialState.PAUSED && !this.saving.isRunning(id);
    if (isReady) this.ready.add(id, trial.scheduling);
    else this.ready.remove(id);
  }

  trialName(id: number): string {
    return formatTrialName(this.name, id);
  }

  /** A live trial as clients see it. */
  view(trial: LiveTrial): Trial {
    const lease = this.leases.get(trial.id);
    if (!lease) return trial.view(undefined);
    const left = lease.activity + this.leases.durationMs - this.clock.monotonic();
    return trial.view(toTimestamp(this.clock.wall() + left));
  }

  /** The study as clients see it. */
  messageView(): StudyMessage {
    return { ...this.message, progress: { ...this.progress }, sequence: this.sequence };
  }

  /**
   * Runs a command that reads records before it changes them. Such commands wait
   * for each other and for all commits before them, so that what one has read is
   * still so when it writes: ended trials and known measurements change in here
   * alone.
   */
  inLane<T>(command: () => Promise<T>): Promise<T> {
    const run = this.#lane.then(async () => {
      await this.settled();
      this.check();
      return command();
    });
    this.#lane = run.catch(() => undefined);
    return run;
  }

  /**
   * Waits until all that memory shows at this moment is durable. Not until nothing
   * is under way any more: under load that never comes.
   */
  settled(): Promise<unknown> {
    return this.lastCommit;
  }
}
