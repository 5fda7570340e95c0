/**
 * Client of Wazir, a server that suggests hyperparameters over gRPC.
 *
 * @module
 */
export { connect, Client, type ConnectOptions, type CreateOptions } from './client.js';
export type { TlsOptions } from './credentials.js';
export type { Action, Directive } from './directive.js';
export { WazirError, type Code } from './error.js';
export type { Violation } from './error-details.js';
export type { Limits } from './limits.js';
export type { Metrics } from './metrics.js';
export { categorical, discrete, double, integer, when, type Scale } from './parameter-spec.js';
export type { Parameters, Value } from './parameter-values.js';
export { Study, type BestTrial, type StudyChanges } from './study.js';
export { maximize, minimize, type Sampler, type Scheduler, type StudySettings } from './study-spec.js';
export { Trial } from './trial.js';
export type { TrialsOptions } from './trial-loop.js';
export * as v1 from './v1.js';
export type { WatchOptions } from './watch.js';
