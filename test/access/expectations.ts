/**
 * What each method asks of its caller, written down for the tests alone and on
 * purpose not from the server's table: where the two differ, one is wrong.
 */

export interface Expectation {
  /** The least role; `open` to everybody. */
  readonly role: 'read' | 'work' | 'admin' | 'open';
  /** Whose things it is about: one owner's, nobody's, or every owner's. */
  readonly about: 'an owner' | 'nobody' | 'every owner';
  /** Makes a request that is answered OK in a study that `prepareStudy` has made. `name` is the study's. */
  readonly request: (owner: string, name: string) => object;
  /** Refuses who may not work before any owner is named. */
  readonly roleFirst?: true;
}

const metrics = [{ name: 'loss', value: 1 }];
const spec = {
  parameters: [{ name: 'x', double: { min: 0, max: 1 } }],
  metrics: [{ name: 'loss', goal: 'METRIC_GOAL_MINIMIZE' }],
  resource: { name: 'epoch', min: 1, max: 9 },
  scheduler: { single: {} },
  seed: 1,
};

const report = { attempt: 1, measurement: { step: 2, metrics } };
const read = { role: 'read', about: 'an owner' } as const;
const work = { role: 'work', about: 'an owner' } as const;
const admin = { role: 'admin', about: 'an owner' } as const;
const toldOfContract = { role: 'read', about: 'nobody' } as const;
const open = { role: 'open', about: 'nobody' } as const;

const studies = '/wazir.v1.StudyService';
const trials = '/wazir.v1.TrialService';
const measurements = '/wazir.v1.MeasurementService';

let made = 0;

/** By full method name. */
export const expectations: Readonly<Record<string, Expectation>> = {
  [`${studies}/CreateStudy`]: {
    ...work,
    request: (parent) => ({ parent, study_id: `made-${made++}`, study: { spec } }),
  },
  [`${studies}/GetStudy`]: { ...read, request: (_, name) => ({ name }) },
  [`${studies}/ListStudies`]: { ...read, request: (parent) => ({ parent }) },
  [`${studies}/UpdateStudy`]: {
    ...admin,
    request: (_, name) => ({ study: { name, display_name: 'x' }, update_mask: { paths: ['display_name'] } }),
  },
  [`${studies}/DeleteStudy`]: { ...admin, request: (_, name) => ({ name }) },
  [`${studies}/ListOptimalTrials`]: { ...read, request: (_, parent) => ({ parent }) },
  [`${studies}/WatchStudy`]: { ...read, request: (_, name) => ({ name }) },
  [`${studies}/ListAlgorithms`]: { ...toldOfContract, request: () => ({}) },

  [`${trials}/SuggestTrials`]: { ...work, request: (_, parent) => ({ parent, client_id: 'another' }) },
  [`${trials}/CreateTrial`]: {
    ...work,
    request: (_, parent) => ({
      parent,
      trial: { parameters: [{ name: 'x', value: { double_value: 0.25 } }] },
    }),
  },
  [`${trials}/GetTrial`]: { ...read, request: (_, study) => ({ name: `${study}/trials/1` }) },
  [`${trials}/ListTrials`]: { ...read, request: (_, parent) => ({ parent }) },
  [`${trials}/CompleteTrial`]: {
    ...work,
    request: (_, study) => ({ name: `${study}/trials/1`, attempt: 1, final_measurement: { metrics } }),
  },
  [`${trials}/StopTrial`]: { ...work, request: (_, study) => ({ name: `${study}/trials/1` }) },
  [`${trials}/DeleteTrial`]: { ...admin, request: (_, study) => ({ name: `${study}/trials/2` }) },
  [`${trials}/RenewLease`]: { ...work, request: (_, study) => ({ name: `${study}/trials/1`, attempt: 1 }) },
  [`${trials}/ReleaseTrial`]: { ...work, request: (_, study) => ({ name: `${study}/trials/1`, attempt: 1 }) },
  [`${trials}/UpdateMetadata`]: {
    ...work,
    request: (_, name) => ({ name, updates: [{ metadata: { key: 'k', text: 'v' } }] }),
  },

  [`${measurements}/ReportMeasurement`]: {
    ...work,
    request: (_, study) => ({ trial: `${study}/trials/1`, ...report }),
  },
  [`${measurements}/StreamMeasurements`]: {
    ...work,
    roleFirst: true,
    request: (_, study) => ({ message_id: 1, trial: `${study}/trials/1`, ...report }),
  },
  [`${measurements}/ListMeasurements`]: { ...read, request: (_, study) => ({ parent: `${study}/trials/1` }) },

  '/wazir.v1.AdminService/Backup': { role: 'admin', about: 'every owner', request: () => ({}) },

  '/grpc.reflection.v1.ServerReflection/ServerReflectionInfo': {
    ...toldOfContract,
    request: () => ({ list_services: '' }),
  },
  '/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo': {
    ...toldOfContract,
    request: () => ({ list_services: '' }),
  },

  '/grpc.health.v1.Health/Check': { ...open, request: () => ({ service: '' }) },
  '/grpc.health.v1.Health/Watch': { ...open, request: () => ({ service: '' }) },
  '/grpc.health.v1.Health/List': { ...open, request: () => ({}) },
};
