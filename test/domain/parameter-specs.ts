/** Short ways to write parameters in tests. */
import {
  ParameterScale,
  type ConditionalParameter,
  type ParameterSpec,
  type ParameterValue,
} from '../../server/domain/spec.js';

type Rest = Partial<Omit<ParameterSpec, 'name' | 'domain'>>;

function parameter(name: string, domain: ParameterSpec['domain'], rest: Rest = {}): ParameterSpec {
  return {
    name,
    domain,
    scale: ParameterScale.UNSPECIFIED,
    defaultValue: undefined,
    gridPoints: 0,
    children: [],
    ...rest,
  };
}

export function double(name: string, min: number, max: number, rest?: Rest): ParameterSpec {
  return parameter(name, { $case: 'double', value: { min, max } }, rest);
}

export function integer(name: string, min: number, max: number, rest?: Rest): ParameterSpec {
  return parameter(name, { $case: 'integer', value: { min, max } }, rest);
}

export function discrete(name: string, values: number[], rest?: Rest): ParameterSpec {
  return parameter(name, { $case: 'discrete', value: { values } }, rest);
}

export function categorical(name: string, values: string[], rest?: Rest): ParameterSpec {
  return parameter(name, { $case: 'categorical', value: { values } }, rest);
}

/** A parameter that says nothing of its values. */
export function undefinedDomain(name: string): ParameterSpec {
  return parameter(name, undefined);
}

export function child(parentValues: ParameterValue[], spec: ParameterSpec): ConditionalParameter {
  return { parentValues, parameter: spec };
}

export function asDouble(value: number): ParameterValue {
  return { kind: { $case: 'doubleValue', value } };
}

export function asInteger(value: number): ParameterValue {
  return { kind: { $case: 'integerValue', value } };
}

export function asString(value: string): ParameterValue {
  return { kind: { $case: 'stringValue', value } };
}
