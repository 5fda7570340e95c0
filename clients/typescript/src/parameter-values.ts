import type { Parameter, ParameterValue } from './gen/wazir/v1/trial.js';

/** A value of a parameter: a number, or the name of a category. */
export type Value = number | string;

/** Values of parameters by name. */
export type Parameters = Readonly<Record<string, Value>>;

/** The values of a trial's active parameters, in the order of the study's spec. */
export function readParameters(parameters: readonly Parameter[]): Parameters {
  const values: Record<string, Value> = {};
  for (const { name, value } of parameters) {
    if (value?.kind !== undefined) values[name] = value.kind.value;
  }
  return values;
}

/** Parameters of a trial of the user's own. The server takes whole doubles for integers. */
export function writeParameters(values: Parameters): Parameter[] {
  return Object.entries(values).map(([name, value]) => ({ name, value: toValue(value) }));
}

export function toValue(value: Value): ParameterValue {
  return typeof value === 'string'
    ? { kind: { $case: 'stringValue', value } }
    : { kind: { $case: 'doubleValue', value } };
}
