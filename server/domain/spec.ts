/**
 * The vocabulary of the contract, as the pure layers see it: the generated
 * messages that describe studies and trials, by their own names. Policies import
 * from here and never from `gen/`.
 */
export type {
  ConditionalParameter,
  MetricSpec,
  ParameterSpec,
  ResourceSpec,
  SamplerSpec,
  SchedulerSpec,
  StudyLimits,
  StudySpec,
} from '../gen/wazir/v1/study.js';
export {
  HyperbandScheduler_Rounding as HyperbandRounding,
  MeasurementSelection,
  MetricGoal,
  ParameterScale,
} from '../gen/wazir/v1/study.js';
export type { Parameter, ParameterValue, RungResult, Scheduling } from '../gen/wazir/v1/trial.js';
export { RungResult_Kind as RungResultKind, TrialState } from '../gen/wazir/v1/trial.js';
