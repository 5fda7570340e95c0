/** Small studies of every kind: small, so that their ends are reached. */
import { MetricGoal, type StudyLimits, type StudySpec } from '../../server/gen/wazir/v1/study.js';
import type { Partially } from '../test-client.js';

export const eta = 3;
export const leaseMs = 60_000;

const resource = { name: 'epoch', min: 1, max: 9 };

/** What of a spec makes the kind. */
const kinds = {
  single: { resource: { ...resource, max: 4 }, scheduler: { kind: { $case: 'single', value: {} } } },
  endless: { scheduler: { kind: { $case: 'single', value: {} } } },
  asha: { resource, scheduler: { kind: { $case: 'asha', value: { eta } } } },
  ashaBracket: { resource, scheduler: { kind: { $case: 'asha', value: { eta, bracket: 1 } } } },
  ashaStopping: { resource, scheduler: { kind: { $case: 'ashaStopping', value: { eta } } } },
  halving: {
    resource,
    scheduler: { kind: { $case: 'successiveHalving', value: { eta, trials: 9, rounds: 1 } } },
  },
  hyperband: { resource, scheduler: { kind: { $case: 'hyperband', value: { eta, rounds: 1 } } } },
  asyncHyperband: { resource, scheduler: { kind: { $case: 'asyncHyperband', value: { eta } } } },
} as const satisfies Readonly<Record<string, Partially<StudySpec>>>;

export type Kind = keyof typeof kinds;
export const kindNames = Object.keys(kinds) as readonly Kind[];

/** Steps of the rungs of bracket 0, for the kinds that have rungs. */
export const ladder: readonly number[] = [1, 3, 9];

const spaces = {
  line: [{ name: 'x', domain: { $case: 'double', value: { min: -1, max: 1 } } }],
  tree: [
    {
      name: 'optimizer',
      domain: { $case: 'categorical', value: { values: ['sgd', 'adam'] } },
      children: [
        {
          parentValues: [{ kind: { $case: 'stringValue', value: 'sgd' } }],
          parameter: {
            name: 'momentum',
            scale: 2,
            domain: { $case: 'double', value: { min: 0.01, max: 0.99 } },
          },
        },
      ],
    },
    { name: 'layers', domain: { $case: 'integer', value: { min: 1, max: 4 } } },
    { name: 'batch', domain: { $case: 'discrete', value: { values: [0.5, 1.5, 16] } } },
  ],
} as const satisfies Readonly<Record<string, StudySpec['parameters'] | object>>;

export interface Design {
  readonly kind: Kind;
  readonly space: keyof typeof spaces;
  readonly sampler: 'random' | 'sobol';
  readonly maximize: boolean;
  readonly twoMetrics: boolean;
  readonly maxTrials: number;
  readonly maxParallel: number;
  /** 0: none. */
  readonly maxTotalResource: number;
  readonly maxAttempts: number;
}

/** @param negated whether every value is reported with the other sign, and the goal is the other way round */
export function specFor(design: Design, negated: boolean): Partially<StudySpec> {
  const { kind, space, sampler, maxTrials, maxParallel, maxTotalResource, maxAttempts } = design;
  const given: Partially<StudySpec> = kinds[kind];
  const limits: Partially<StudyLimits> = {
    maxTrials,
    maxParallelTrials: maxParallel,
    maxTotalResource: given.resource ? maxTotalResource : 0,
    maxAttempts,
    maxConsecutiveInfeasible: 4,
  };
  return {
    ...given,
    parameters: spaces[space],
    metrics: [
      {
        name: 'loss',
        goal: design.maximize !== negated ? MetricGoal.MAXIMIZE : MetricGoal.MINIMIZE,
      },
      ...(design.twoMetrics ? [{ name: 'size', goal: MetricGoal.MINIMIZE }] : []),
    ],
    sampler: { kind: { $case: sampler, value: {} } },
    limits,
    leaseDuration: { seconds: leaseMs / 1000, nanos: 0 },
    seed: 7,
  };
}

/** Parameters of a user's own for a space. */
export function ownPoint(space: Design['space']): object[] {
  if (space === 'line') return [{ name: 'x', value: { kind: { $case: 'doubleValue', value: 0.25 } } }];
  return [
    { name: 'optimizer', value: { kind: { $case: 'stringValue', value: 'adam' } } },
    { name: 'layers', value: { kind: { $case: 'integerValue', value: 2 } } },
    { name: 'batch', value: { kind: { $case: 'doubleValue', value: 16 } } },
  ];
}
