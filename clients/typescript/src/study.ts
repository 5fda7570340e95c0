import { randomUUID } from 'node:crypto';
import { limitPaths, writeLimits, type Limits } from './limits.js';
import { MeasurementServiceService, type Measurement } from './gen/wazir/v1/measurement.js';
import {
  MetricGoal,
  Study as StudyMessage,
  StudyServiceService,
  StudySpec,
  UpdateStudyRequest,
  type WatchStudyResponse,
} from './gen/wazir/v1/study.js';
import { StudyState, Trial as TrialMessage, TrialServiceService, TrialState } from './gen/wazir/v1/trial.js';
import { readMetrics, writeMeasurement, type Metrics } from './metrics.js';
import { idOf, trialName } from './names.js';
import { pages } from './pages.js';
import { readParameters, writeParameters, type Parameters } from './parameter-values.js';
import type { Trial } from './trial.js';
import { trialLoop, type LoopContext, type TrialsOptions } from './trial-loop.js';
import { watchStudy, type WatchOptions } from './watch.js';

/** A trial that did best, with its ranking value. */
export interface BestTrial {
  /** Its number in the study. */
  readonly id: number;
  /** The final value of the study's first metric, or the best so far of a trial that has not ended. */
  readonly value: number;
  readonly parameters: Parameters;
  /** All metrics of that measurement. */
  readonly metrics: Metrics;
  /** The step at which it was measured. */
  readonly step: number;
  /** The trial as the server sent it. */
  readonly message: TrialMessage;
}

/** What of a study can be changed. What is not given stays as it is. */
export interface StudyChanges {
  readonly displayName?: string;
  /** Merged by key; an empty value removes one. */
  readonly labels?: Readonly<Record<string, string>>;
  /** Raising the limit that has ended a study makes it active again. */
  readonly limits?: Limits;
  readonly state?: 'active' | 'paused' | 'completed';
}

const STATES = {
  active: StudyState.ACTIVE,
  paused: StudyState.PAUSED,
  completed: StudyState.COMPLETED,
} as const;

/** A study, by its name. Nothing is asked of the server until a method is called. */
export class Study {
  /** Resource name, `owners/{owner}/studies/{study}`. */
  readonly name: string;
  readonly #context: LoopContext;

  /** Made by `Client.study`. */
  constructor(context: LoopContext, name: string) {
    this.#context = context;
    this.name = name;
  }

  get id(): string {
    return idOf(this.name);
  }

  /** Trials for a worker to run, until the study is completed. See the package's README for the whole loop. */
  trials(options: TrialsOptions = {}): AsyncGenerator<Trial, void, undefined> {
    return trialLoop(this.#context, this.name, options);
  }

  /** The study as it is: spec, state, progress. */
  get(): Promise<StudyMessage> {
    return this.#rpc.call(StudyServiceService.getStudy, { name: this.name });
  }

  /** The best trial by the first metric; undefined where none has a number to show. */
  async best(): Promise<BestTrial | undefined> {
    const [{ spec }, trials] = await Promise.all([this.get(), this.optimal()]);
    const metric = spec?.metrics[0];
    if (metric === undefined) return undefined;
    const sign = metric.goal === MetricGoal.MINIMIZE ? -1 : 1;
    const ranked = trials.map((message) => toBest(message, metric.name));
    return ranked.reduce<BestTrial | undefined>(
      (best, trial) => (best === undefined || sign * trial.value > sign * best.value ? trial : best),
      undefined,
    );
  }

  /** The best trial of a study with one metric, the Pareto set where it has several. */
  async optimal(): Promise<TrialMessage[]> {
    return (await this.#rpc.call(StudyServiceService.listOptimalTrials, { parent: this.name })).trials;
  }

  /** Changes the study and returns it. */
  update({ displayName, labels, limits, state }: StudyChanges): Promise<StudyMessage> {
    const paths = [
      ...(displayName === undefined ? [] : ['display_name']),
      ...(labels === undefined ? [] : ['labels']),
      ...(state === undefined ? [] : ['state']),
      ...limitPaths(limits ?? {}),
    ];
    const study = StudyMessage.create({
      name: this.name,
      displayName: displayName ?? '',
      labels: labels ?? {},
      state: state === undefined ? StudyState.UNSPECIFIED : STATES[state],
      spec: StudySpec.create({ limits: writeLimits(limits ?? {}) }),
    });
    const request = UpdateStudyRequest.create({ study, updateMask: paths, requestId: randomUUID() });
    return this.#rpc.call(StudyServiceService.updateStudy, request);
  }

  /** Ends the study: workers are told to stop, and asked no more. */
  complete(): Promise<StudyMessage> {
    return this.update({ state: 'completed' });
  }

  /** Deletes the study with all that it holds. Checkpoints are the workers' and stay. */
  async delete(): Promise<void> {
    await this.#rpc.call(StudyServiceService.deleteStudy, { name: this.name, requestId: randomUUID() });
  }

  /** The latest state of each record changed after a sequence number, then every change as it happens. */
  watch(options: WatchOptions = {}): AsyncGenerator<WatchStudyResponse, void, undefined> {
    return watchStudy(this.#rpc, this.name, options);
  }

  /** All trials by number, or those in one of some states. */
  listTrials({ states = [] }: { states?: readonly TrialState[] } = {}): AsyncGenerator<TrialMessage> {
    return pages(
      (pageToken) =>
        this.#rpc.call(TrialServiceService.listTrials, {
          parent: this.name,
          pageSize: 0,
          pageToken,
          states: [...states],
          orderBy: '',
        }),
      (page) => page.trials,
    );
  }

  /** The trial of a number. */
  getTrial(id: number): Promise<TrialMessage> {
    return this.#rpc.call(TrialServiceService.getTrial, { name: this.#trialName(id) });
  }

  /** What was measured of a trial, by attempt and step; `superseded` adds what later attempts have trained again. */
  listMeasurements(id: number, { superseded = false } = {}): AsyncGenerator<Measurement> {
    return pages(
      (pageToken) =>
        this.#rpc.call(MeasurementServiceService.listMeasurements, {
          parent: this.#trialName(id),
          pageSize: 0,
          pageToken,
          showSuperseded: superseded,
        }),
      (page) => page.measurements,
    );
  }

  /** Queues parameters of your own for the next worker. */
  enqueue(parameters: Parameters): Promise<TrialMessage> {
    return this.#create({ parameters: writeParameters(parameters) });
  }

  /** Adds a trial whose result is known, for the sampler to learn from. */
  addResult(parameters: Parameters, metrics: Metrics, { step = 0 } = {}): Promise<TrialMessage> {
    const finalMeasurement = writeMeasurement(step, metrics);
    return this.#create({ parameters: writeParameters(parameters), finalMeasurement });
  }

  /** Asks for the end of a trial; its worker is told. */
  stopTrial(id: number): Promise<TrialMessage> {
    const request = { name: this.#trialName(id), requestId: randomUUID() };
    return this.#rpc.call(TrialServiceService.stopTrial, request);
  }

  /** Deletes a trial that no worker has. */
  async deleteTrial(id: number): Promise<void> {
    const request = { name: this.#trialName(id), requestId: randomUUID() };
    await this.#rpc.call(TrialServiceService.deleteTrial, request);
  }

  get #rpc() {
    return this.#context.rpc;
  }

  #trialName(id: number): string {
    return trialName(this.name, id);
  }

  #create(trial: Partial<TrialMessage>): Promise<TrialMessage> {
    const request = { parent: this.name, trial: TrialMessage.create(trial), requestId: randomUUID() };
    return this.#rpc.call(TrialServiceService.createTrial, request);
  }
}

function toBest(message: TrialMessage, metric: string): BestTrial {
  const measurement = message.finalMeasurement ?? message.bestMeasurement;
  const metrics = readMetrics(measurement);
  return {
    id: message.id,
    value: metrics[metric] ?? NaN,
    parameters: readParameters(message.parameters),
    metrics,
    step: measurement?.step ?? 0,
    message,
  };
}
