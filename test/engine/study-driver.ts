/** Calls the commands and queries of one study as a service would, with short words for the usual cases. */
import { setImmediate } from 'node:timers/promises';
import { complete } from '../../server/engine/commands/complete.js';
import { createTrial } from '../../server/engine/commands/create-trial.js';
import { deleteTrial } from '../../server/engine/commands/delete-trial.js';
import { release } from '../../server/engine/commands/release.js';
import { renew } from '../../server/engine/commands/renew.js';
import { report } from '../../server/engine/commands/report.js';
import { stop } from '../../server/engine/commands/stop.js';
import { suggest } from '../../server/engine/commands/suggest.js';
import { updateMetadata } from '../../server/engine/commands/update-metadata.js';
import { updateStudy } from '../../server/engine/commands/update-study.js';
import { WazirError } from '../../server/domain/errors.js';
import { formatStudyName, formatTrialName, type StudyName } from '../../server/domain/names.js';
import type { Engine } from '../../server/engine/engine.js';
import { listOptimal } from '../../server/engine/optimal.js';
import { getStudy, getTrial, listMeasurements, listTrials } from '../../server/engine/queries.js';
import type { Study } from '../../server/engine/study.js';
import {
  Checkpoint,
  type Directive,
  ListMeasurementsRequest,
  Measurement,
} from '../../server/gen/wazir/v1/measurement.js';
import { type Study as StudyMessage, UpdateStudyRequest } from '../../server/gen/wazir/v1/study.js';
import {
  CompleteTrialRequest,
  CreateTrialRequest,
  DeleteTrialRequest,
  ListTrialsRequest,
  ReleaseTrialRequest,
  StopTrialRequest,
  SuggestTrialsRequest,
  type SuggestTrialsResponse,
  type Trial,
  UpdateMetadataRequest,
} from '../../server/gen/wazir/v1/trial.js';

/** A message of which only what matters is given. */
export type Given<M extends { fromPartial(given: never): unknown }> = Parameters<M['fromPartial']>[0];

export interface Wait {
  readonly waitMs?: number;
  readonly signal?: AbortSignal;
}

/** The trial and attempt under which a worker calls. */
export interface Held {
  readonly trial: number;
  readonly attempt: number;
}

export class StudyDriver {
  constructor(
    private readonly host: { readonly engine: Engine },
    readonly name: StudyName,
  ) {}

  get #full(): string {
    return formatStudyName(this.name);
  }

  #trial(id: number): string {
    return formatTrialName(this.name, id);
  }

  /** The study in memory, read from disk where it is not. */
  study(): Promise<Study> {
    return this.host.engine.study(this.name);
  }

  /** Takes the study out of memory and reads it anew from disk. */
  async reload(): Promise<void> {
    const study = await this.study();
    await study.settled();
    this.host.engine.forget(study);
    this.host.engine.drop(study, new WazirError('STORE_UNAVAILABLE', 'taken out of memory by a test'));
    await setImmediate();
    await this.study();
  }

  /** Asks without waiting, unless told to. */
  async ask(
    clientId: string,
    given: Given<typeof SuggestTrialsRequest> = {},
    wait: Wait = {},
  ): Promise<SuggestTrialsResponse> {
    const request = SuggestTrialsRequest.fromPartial({ parent: this.#full, clientId, count: 1, ...given });
    const signal = wait.signal ?? new AbortController().signal;
    return suggest(await this.study(), request, { waitMs: wait.waitMs ?? 0, signal });
  }

  /** Asks for one trial; fails where there is none. */
  async take(clientId: string, given: Given<typeof SuggestTrialsRequest> = {}): Promise<Job> {
    const { trials, studyState } = await this.ask(clientId, given);
    if (!trials[0]) throw new Error(`nothing to hand out; the study is in state ${studyState}`);
    return jobOf(trials[0]);
  }

  /** Reports metrics by name; a number is that of `loss`. */
  async report(
    { trial, attempt }: Held,
    step: number,
    metrics: number | Readonly<Record<string, number>>,
  ): Promise<Directive> {
    const values = typeof metrics === 'number' ? { loss: metrics } : metrics;
    return report(await this.study(), trial, attempt, measurementOf(step, values));
  }

  async renew({ trial, attempt }: Held, checkpoint?: number) {
    return renew(await this.study(), trial, attempt, checkpointOf(trial, checkpoint));
  }

  /** Gives a trial back, with the checkpoint of a step where one is given. */
  async release({ trial, attempt }: Held, checkpoint?: number, requestId = ''): Promise<Trial> {
    const given = checkpointOf(trial, checkpoint);
    const request = ReleaseTrialRequest.fromPartial({
      name: this.#trial(trial),
      attempt,
      checkpoint: given,
      requestId,
    });
    return release(await this.study(), trial, request);
  }

  async complete({ trial, attempt }: Held, given: Given<typeof CompleteTrialRequest> = {}): Promise<Trial> {
    return complete(
      await this.study(),
      trial,
      CompleteTrialRequest.fromPartial({ name: this.#trial(trial), attempt, ...given }),
    );
  }

  fail(held: Held): Promise<Trial> {
    return this.complete(held, { outcome: { $case: 'failureReason', value: 'broken' } });
  }

  infeasible(held: Held): Promise<Trial> {
    return this.complete(held, { outcome: { $case: 'infeasibleReason', value: 'not possible' } });
  }

  async stop(trial: number, requestId = ''): Promise<Trial> {
    return stop(
      await this.study(),
      trial,
      StopTrialRequest.fromPartial({ name: this.#trial(trial), requestId }),
    );
  }

  async remove(trial: number, requestId = ''): Promise<void> {
    await deleteTrial(
      await this.study(),
      trial,
      DeleteTrialRequest.fromPartial({ name: this.#trial(trial), requestId }),
    );
  }

  async add(trial: Given<typeof CreateTrialRequest>['trial'], requestId = ''): Promise<Trial> {
    return createTrial(
      await this.study(),
      CreateTrialRequest.fromPartial({ parent: this.#full, trial: trial!, requestId }),
    );
  }

  async update(
    study: Given<typeof UpdateStudyRequest>['study'],
    updateMask: string[] = [],
  ): Promise<StudyMessage> {
    return updateStudy(await this.study(), UpdateStudyRequest.fromPartial({ study: study!, updateMask }));
  }

  async annotate(updates: Given<typeof UpdateMetadataRequest>['updates'], requestId = '') {
    return updateMetadata(
      await this.study(),
      UpdateMetadataRequest.fromPartial({ updates: updates!, requestId }),
    );
  }

  async get(): Promise<StudyMessage> {
    return getStudy(await this.study());
  }

  async trial(id: number): Promise<Trial> {
    return getTrial(await this.study(), id);
  }

  async trials(): Promise<Trial[]> {
    const request = ListTrialsRequest.fromPartial({ pageSize: 1000 });
    return (await listTrials(await this.study(), request, this.host.engine.pageTokens('*'))).trials;
  }

  async measurements(trial: number, showSuperseded = false): Promise<Measurement[]> {
    const request = ListMeasurementsRequest.fromPartial({ pageSize: 1000, showSuperseded });
    const tokens = this.host.engine.pageTokens('*');
    return (await listMeasurements(await this.study(), trial, request, tokens)).measurements;
  }

  async optimal(): Promise<Trial[]> {
    return listOptimal(await this.study());
  }

  /** Waits until all that the study has changed, also by itself, is durable. */
  async settled(): Promise<void> {
    await setImmediate();
    await (await this.study()).settled();
  }
}

/** A hand-out as its worker sees it. */
export interface Job extends Held {
  readonly from: number;
  readonly to: number;
}

export function jobOf(trial: Trial): Job {
  const { attempt, fromResource, toResource } = trial.assignment!;
  return { trial: trial.id, attempt, from: fromResource, to: toResource };
}

export function measurementOf(step: number, values: Readonly<Record<string, number>>): Measurement {
  const metrics = Object.entries(values).map(([name, value]) => ({ name, value }));
  return Measurement.fromPartial({ step, metrics });
}

function checkpointOf(trial: number, step: number | undefined): Checkpoint | undefined {
  return step === undefined
    ? undefined
    : Checkpoint.fromPartial({ step, uri: `checkpoints/${trial}/${step}` });
}
