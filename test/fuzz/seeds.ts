/** Well-formed requests of every method, as bytes: what mutations begin with. */
import * as adminMessages from '../../server/gen/wazir/v1/admin.js';
import * as measurementMessages from '../../server/gen/wazir/v1/measurement.js';
import * as studyMessages from '../../server/gen/wazir/v1/study.js';
import * as trialMessages from '../../server/gen/wazir/v1/trial.js';

const { MetricGoal } = studyMessages;

export const owner = 'owners/default';
export const study = `${owner}/studies/fuzz`;

/** Every method of the contract. */
export const methods = {
  ...studyMessages.StudyServiceService,
  ...trialMessages.TrialServiceService,
  ...measurementMessages.MeasurementServiceService,
  ...adminMessages.AdminServiceService,
};
export type MethodName = keyof typeof methods;

const parameters = [
  {
    name: 'optimizer',
    domain: { $case: 'categorical', value: { values: ['sgd', 'adam'] } },
    children: [
      {
        parentValues: [{ kind: { $case: 'stringValue', value: 'sgd' } }],
        parameter: {
          name: 'momentum',
          domain: { $case: 'double', value: { min: 0.1, max: 1 } },
          scale: 2,
          gridPoints: 3,
          children: [],
        },
      },
    ],
    scale: 0,
    gridPoints: 0,
  },
  {
    name: 'layers',
    domain: { $case: 'integer', value: { min: 1, max: 9 } },
    scale: 1,
    gridPoints: 2,
    children: [],
  },
  {
    name: 'batch',
    domain: { $case: 'discrete', value: { values: [1, 2, 4] } },
    scale: 1,
    gridPoints: 0,
    children: [],
  },
];

const schedulers = [
  { $case: 'single', value: {} },
  { $case: 'successiveHalving', value: { eta: 3, bracket: 0, trials: 9, rounds: 1 } },
  { $case: 'hyperband', value: { eta: 3, rounding: 1, rounds: 1 } },
  { $case: 'asha', value: { eta: 3, bracket: 0 } },
  { $case: 'ashaStopping', value: { eta: 3, bracket: 0, minSamples: 1 } },
  { $case: 'asyncHyperband', value: { eta: 3, brackets: 2, stopping: true } },
];

const samplers = [
  { $case: 'random', value: {} },
  { $case: 'grid', value: { shuffle: true } },
  { $case: 'sobol', value: {} },
];

const limits = {
  maxTrials: 30,
  maxTotalResource: 500,
  maxParallelTrials: 4,
  maxConsecutiveInfeasible: 5,
  maxAttempts: 3,
  maxDuration: { seconds: 3600, nanos: 0 },
  maxTimeWithoutProgress: { seconds: 60, nanos: 0 },
};

export function spec(number: number) {
  return {
    parameters,
    metrics: [
      { name: 'loss', goal: MetricGoal.MINIMIZE },
      { name: 'size', goal: MetricGoal.MAXIMIZE },
    ],
    resource: { name: 'epoch', min: 1, max: 9 },
    sampler: { kind: samplers[number % samplers.length] },
    scheduler: { kind: schedulers[number % schedulers.length] },
    limits,
    leaseDuration: { seconds: 2, nanos: 0 },
    measurementSelection: 2,
    seed: 7,
  };
}

const point = [
  { name: 'optimizer', value: { kind: { $case: 'stringValue', value: 'sgd' } } },
  { name: 'momentum', value: { kind: { $case: 'doubleValue', value: 0.5 } } },
  { name: 'layers', value: { kind: { $case: 'integerValue', value: 3 } } },
  { name: 'batch', value: { kind: { $case: 'doubleValue', value: 2 } } },
];
const metadata = [{ namespace: 'n', key: 'k', value: { $case: 'text', value: 'some text' } }];
const labels = { team: 'vision' };
const measurement = (step: number) => ({
  step,
  elapsed: { seconds: 3, nanos: 5 },
  metrics: [
    { name: 'loss', value: 0.25 },
    { name: 'size', value: 17 },
  ],
});
const trial = (id: number) => `${study}/trials/${id}`;
const checkpoint = { step: 1, uri: 'file:///checkpoint' };
const outcome = (reason: string) => ({ $case: `${reason}Reason`, value: 'it broke' });
const requestId = 'a-request';

/** Requests by method; all that a field can be is somewhere among them. */
const requests: Readonly<Record<MethodName, readonly object[]>> = {
  createStudy: [
    ...schedulers.map((_, i) => ({
      parent: owner,
      studyId: `made-${i}`,
      study: { displayName: 'made', spec: spec(i), labels, metadata },
      requestId: `create-${i}`,
    })),
    { parent: owner, studyId: 'fuzz', study: { spec: spec(3) } },
  ],
  getStudy: [{ name: study }],
  listStudies: [
    { parent: owner, pageSize: 2 },
    { parent: owner, pageSize: 3, pageToken: 'WyJhIiwiYiJd' },
  ],
  updateStudy: [
    {
      study: { name: study, displayName: 'new', labels, state: 1, spec: { limits } },
      updateMask: ['display_name', 'labels', 'state', 'spec.limits.max_trials'],
      requestId,
    },
    { study: { name: study, state: 2 } },
    { study: { name: study, spec: { limits } } },
  ],
  deleteStudy: [{ name: `${owner}/studies/made-1`, requestId: 'delete-1' }],
  listOptimalTrials: [{ parent: study }],
  watchStudy: [{ name: study, afterSequence: 1 }],
  listAlgorithms: [{}],
  suggestTrials: [
    { parent: study, clientId: 'fuzzer', count: 2, holding: [{ trial: 1, attempt: 1 }], recover: true },
    { parent: study, clientId: 'other', count: 1, recover: false, requestId: 'suggest' },
  ],
  createTrial: [
    { parent: study, trial: { parameters: point, labels, metadata }, requestId: 'queue' },
    { parent: study, trial: { parameters: point, finalMeasurement: measurement(3) } },
    { parent: study, trial: { parameters: point, infeasibleReason: 'known' } },
  ],
  getTrial: [{ name: trial(1) }],
  listTrials: [
    { parent: study, pageSize: 3, states: [2, 3, 5], orderBy: 'id desc' },
    { parent: study, pageSize: 1000, pageToken: 'WyJhIiwiYiJd' },
  ],
  completeTrial: [
    { name: trial(1), attempt: 1, finalMeasurement: measurement(9), requestId: 'complete' },
    { name: trial(2), attempt: 1, outcome: outcome('infeasible') },
    { name: trial(3), attempt: 1, outcome: outcome('failure') },
  ],
  stopTrial: [{ name: trial(2), requestId: 'stop' }],
  deleteTrial: [{ name: trial(3), requestId: 'delete' }],
  renewLease: [{ name: trial(1), attempt: 1, checkpoint }],
  releaseTrial: [{ name: trial(1), attempt: 1, checkpoint, requestId: 'release' }],
  updateMetadata: [
    {
      name: study,
      updates: [
        { trial: 0, metadata: metadata[0] },
        {
          trial: 1,
          metadata: {
            namespace: '',
            key: 'p',
            value: { $case: 'proto', value: { typeUrl: 'x/y', value: Buffer.from([8, 1]) } },
          },
        },
      ],
      requestId: 'metadata',
    },
  ],
  reportMeasurement: [1, 3, 9].map((step) => ({
    trial: trial(1),
    attempt: 1,
    measurement: measurement(step),
  })),
  streamMeasurements: [1, 2, 3].map((step) => ({
    messageId: step,
    trial: trial(step),
    attempt: 1,
    measurement: measurement(step),
  })),
  backup: [{}],
  listMeasurements: [{ parent: trial(1), pageSize: 2, showSuperseded: true }],
};

export interface Seed {
  readonly method: MethodName;
  readonly path: string;
  readonly bytes: Buffer;
}

interface Message {
  fromPartial(given: object): object;
  encode(message: object): { finish(): Uint8Array };
}

const messages = {
  ...adminMessages,
  ...measurementMessages,
  ...studyMessages,
  ...trialMessages,
} as unknown as Readonly<Record<string, Message>>;

/** A request of a method, which may leave out what it does not set. */
export function encode(method: MethodName, request: object): Buffer {
  const message = messages[`${method[0]!.toUpperCase()}${method.slice(1)}Request`]!;
  return Buffer.from(message.encode(message.fromPartial(request)).finish());
}

/** All of them. */
export const seeds: readonly Seed[] = (Object.keys(requests) as MethodName[]).flatMap((method) =>
  requests[method].map((request) => ({
    method,
    path: methods[method].path,
    bytes: encode(method, request),
  })),
);
