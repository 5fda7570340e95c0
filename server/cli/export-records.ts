/** Trials and measurements as flat records for tables and notebooks. Names are those of the contract. */
import { durationToJson } from '../duration.js';
import type { Duration } from '../gen/google/protobuf/duration.js';
import type { Measurement } from '../gen/wazir/v1/measurement.js';
import type { ParameterSpec, StudySpec } from '../gen/wazir/v1/study.js';
import type { Timestamp } from '../gen/google/protobuf/timestamp.js';
import {
  TrialEndReason,
  TrialSource,
  TrialState,
  type Parameter,
  type Trial,
} from '../gen/wazir/v1/trial.js';
import { numberToJson, timestampToJson, type Json } from './to-json.js';

/** A record: plain values, and groups of values by name. What is unset is null or missing. */
export type ExportRecord = Readonly<Record<string, Json>>;

/** What a column of a table shows: a plain value, or one of a group. */
export interface Column {
  readonly heading: string;
  readonly field: string;
  readonly name?: string;
}

export function trialRecord(trial: Trial): ExportRecord {
  const { scheduling, finalMeasurement, bestMeasurement } = trial;
  return {
    trial: trial.id,
    state: TrialState[trial.state] ?? trial.state,
    source: TrialSource[trial.source] ?? trial.source,
    end_reason:
      trial.endReason === TrialEndReason.UNSPECIFIED ? null : (TrialEndReason[trial.endReason] ?? null),
    round: scheduling?.round ?? null,
    bracket: scheduling?.bracket ?? null,
    rung: scheduling?.rung ?? null,
    target: scheduling?.target ?? null,
    last_step: trial.lastStep,
    resource_spent: trial.resourceSpent,
    attempts: trial.attempts,
    expiries: trial.expiries,
    client_id: trial.clientId,
    create_time: time(trial.createTime),
    start_time: time(trial.startTime),
    end_time: time(trial.endTime),
    infeasible_reason: trial.infeasibleReason,
    failure_reason: trial.failureReason,
    labels: trial.labels,
    parameters: parameters(trial.parameters),
    final_step: finalMeasurement?.step ?? null,
    metrics: metrics(finalMeasurement),
    best_step: bestMeasurement?.step ?? null,
    best: metrics(bestMeasurement),
  };
}

export function trialColumns(spec: StudySpec): Column[] {
  const names = spec.metrics.map(({ name }) => name);
  return [
    ...plain('trial', 'state', 'source', 'end_reason', 'round', 'bracket', 'rung', 'target', 'last_step'),
    ...plain('resource_spent', 'attempts', 'expiries', 'client_id', 'create_time', 'start_time', 'end_time'),
    ...plain('infeasible_reason', 'failure_reason', 'labels'),
    ...grouped('parameters', parameterNames(spec.parameters)),
    ...plain('final_step'),
    ...grouped('metrics', names),
    ...plain('best_step'),
    ...grouped('best', names),
  ];
}

export function measurementRecord(trial: number, measurement: Measurement): ExportRecord {
  return {
    trial,
    attempt: measurement.attempt,
    step: measurement.step,
    elapsed_seconds: seconds(measurement.elapsed),
    report_time: time(measurement.reportTime),
    superseded: measurement.superseded,
    metrics: metrics(measurement),
  };
}

export function measurementColumns(spec: StudySpec): Column[] {
  return [
    ...plain('trial', 'attempt', 'step', 'elapsed_seconds', 'report_time', 'superseded'),
    ...grouped(
      'metrics',
      spec.metrics.map(({ name }) => name),
    ),
  ];
}

/** What stands in a column of a record: empty where it is unset. */
export function cell(record: ExportRecord, { field, name }: Column): string {
  const found = record[field];
  const value = name === undefined ? found : (found as ExportRecord | undefined)?.[name];
  if (value === undefined || value === null) return '';
  if (typeof value !== 'object') return String(value);
  return Object.keys(value).length === 0 ? '' : JSON.stringify(value);
}

function plain(...fields: string[]): Column[] {
  return fields.map((field) => ({ heading: field, field }));
}

function grouped(field: string, names: readonly string[]): Column[] {
  return names.map((name) => ({ heading: `${field}.${name}`, field, name }));
}

/** Parameters of different branches may share a name: they share the column. */
function parameterNames(specs: readonly ParameterSpec[]): string[] {
  const names = specs.flatMap(({ name, children }) => [
    name,
    ...parameterNames(children.flatMap(({ parameter }) => parameter ?? [])),
  ]);
  return [...new Set(names)];
}

function parameters(given: readonly Parameter[]): Record<string, Json> {
  return byName(given.map(({ name, value }) => [name, value?.kind?.value ?? null]));
}

function metrics(measurement: Measurement | undefined): Record<string, Json> {
  return byName((measurement?.metrics ?? []).map(({ name, value }) => [name, numberToJson(value)]));
}

/** Not by assignment: a parameter may be called `__proto__`. */
function byName(entries: readonly (readonly [string, string | number | null])[]): Record<string, Json> {
  return Object.fromEntries(entries);
}

function time(value: Timestamp | undefined): string | null {
  return value === undefined ? null : timestampToJson(value);
}

function seconds(value: Duration | undefined): number | null {
  return value === undefined ? null : Number(durationToJson(value).slice(0, -1));
}
