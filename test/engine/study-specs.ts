/** Settings of studies for tests, to be spread into what `EngineWorld.create` takes. */
import type { StudySpec } from '../../server/gen/wazir/v1/study.js';
import type { Given } from './study-driver.js';

type Settings = Given<typeof StudySpec>;

export function resource(max: number, min = 1): Settings {
  return { resource: { name: 'epoch', min, max } };
}

/** ASHA over rungs 1, eta, eta², … up to `max`. */
export function asha(max = 9, eta = 3): Settings {
  return { ...resource(max), scheduler: { kind: { $case: 'asha', value: { eta } } } };
}

export function ashaStopping(max = 9, eta = 3): Settings {
  return { ...resource(max), scheduler: { kind: { $case: 'ashaStopping', value: { eta } } } };
}

export function halving(max = 9, eta = 3, rounds = 1): Settings {
  return { ...resource(max), scheduler: { kind: { $case: 'successiveHalving', value: { eta, rounds } } } };
}

export function hyperband(max = 9, eta = 3, rounds = 1): Settings {
  return { ...resource(max), scheduler: { kind: { $case: 'hyperband', value: { eta, rounds } } } };
}

export function asyncHyperband(stopping: boolean, max = 9, eta = 3): Settings {
  return { ...resource(max), scheduler: { kind: { $case: 'asyncHyperband', value: { eta, stopping } } } };
}

/** Every trial to `max`. */
export function single(max: number): Settings {
  return { ...resource(max), scheduler: { kind: { $case: 'single', value: {} } } };
}
