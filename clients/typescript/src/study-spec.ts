import { duration } from './duration.js';
import {
  MeasurementSelection,
  MetricGoal,
  SamplerSpec,
  SchedulerSpec,
  StudySpec,
  type MetricSpec,
  type ParameterSpec,
} from './gen/wazir/v1/study.js';
import { writeLimits, type Limits } from './limits.js';

/** One of the kinds of a oneof, by name alone or with settings: `'asha'` or `{ asha: { eta: 4 } }`. */
export type Choice<Kind extends { $case: string; value: unknown }> =
  | Kind['$case']
  | {
      [Case in Kind as Case['$case']]: { readonly [C in Case['$case']]: Partial<Case['value']> };
    }[Kind['$case']];

/** Where points come from. The server's default is `random`. */
export type Sampler = Choice<NonNullable<SamplerSpec['kind']>>;

/** How far each trial is trained. The server's default is `asha` where there is a resource to divide, else `single`. */
export type Scheduler = Choice<NonNullable<SchedulerSpec['kind']>>;

/** What is searched, and how. */
export interface StudySettings {
  /** Made by `double`, `integer`, `discrete` and `categorical`. */
  readonly parameters: readonly ParameterSpec[];
  /** Made by `maximize` and `minimize`; schedulers rank by the first. */
  readonly metrics: readonly MetricSpec[];
  /** What training spends, such as epochs; `min` is 1 unless set. Without it trials end by `trial.complete`. */
  readonly resource?: { readonly name?: string; readonly min?: number; readonly max: number };
  readonly sampler?: Sampler;
  readonly scheduler?: Scheduler;
  readonly limits?: Limits;
  /**
   * How long a trial stays with a worker that is silent; 1 to 2,592,000.
   * Default 60. Longer than any part of training that blocks the event loop:
   * meanwhile nothing can be renewed.
   */
  readonly leaseSeconds?: number;
  /** Which reported measurement becomes the final one. Default `last`. */
  readonly finalMeasurement?: 'last' | 'best';
  /** Same seed and same order of calls, same trials. Not set: the server draws one. */
  readonly seed?: number;
}

/** A metric of which more is better. */
export function maximize(name: string): MetricSpec {
  return { name, goal: MetricGoal.MAXIMIZE };
}

/** A metric of which less is better. */
export function minimize(name: string): MetricSpec {
  return { name, goal: MetricGoal.MINIMIZE };
}

/** The message of a study's settings. */
export function writeStudySpec(settings: StudySettings): StudySpec {
  const { resource, sampler, scheduler, limits, leaseSeconds, finalMeasurement, seed } = settings;
  return {
    parameters: [...settings.parameters],
    metrics: [...settings.metrics],
    resource: resource && { name: resource.name ?? '', min: resource.min ?? 0, max: resource.max },
    sampler: sampler && read(SamplerSpec, sampler),
    scheduler: scheduler && read(SchedulerSpec, scheduler),
    limits: limits && writeLimits(limits),
    leaseDuration: leaseSeconds === undefined ? undefined : duration(leaseSeconds),
    measurementSelection:
      finalMeasurement === undefined
        ? MeasurementSelection.UNSPECIFIED
        : { last: MeasurementSelection.LAST, best: MeasurementSelection.BEST }[finalMeasurement],
    seed,
  };
}

function read<Spec extends { kind: unknown }>(
  spec: { fromJSON(json: unknown): Spec },
  choice: string | object,
) {
  const made = spec.fromJSON(typeof choice === 'string' ? { [choice]: {} } : choice);
  // From JavaScript any name can come, and the server would take none for its default.
  if (made.kind === undefined) throw new TypeError(`not a choice of this client: ${JSON.stringify(choice)}`);
  return made;
}
