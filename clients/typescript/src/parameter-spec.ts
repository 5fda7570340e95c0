import { ParameterScale, ParameterSpec, type ConditionalParameter } from './gen/wazir/v1/study.js';
import { toValue, type Value } from './parameter-values.js';

/** How a range is spread: evenly, or evenly in the logarithm, with more points near its lower or upper end. */
export type Scale = 'linear' | 'log' | 'reverse-log';

interface Default<V> {
  /** A good guess. The first trial is made of the defaults where every active parameter has one. */
  readonly default?: V;
}

interface Parent {
  /** Parameters that exist only for some values of this one; see `when`. */
  readonly children?: readonly ConditionalParameter[];
}

interface Range {
  /** Not set: linear. The others need a lower end above 0. */
  readonly scale?: Scale;
  /** How many points a grid takes from the range, both ends included. */
  readonly gridPoints?: number;
}

/** Real numbers from `min` to `max`, both included. */
export function double(
  name: string,
  min: number,
  max: number,
  options: Range & Default<number> = {},
): ParameterSpec {
  return parameter(name, { $case: 'double', value: { min, max } }, options);
}

/** Whole numbers from `min` to `max`, both included. */
export function integer(
  name: string,
  min: number,
  max: number,
  options: Range & Default<number> & Parent = {},
): ParameterSpec {
  return parameter(name, { $case: 'integer', value: { min, max } }, options);
}

/** Listed numbers, drawn evenly by place in the list, or by distance where a scale is given. */
export function discrete(
  name: string,
  values: readonly number[],
  options: Pick<Range, 'scale'> & Default<number> & Parent = {},
): ParameterSpec {
  return parameter(name, { $case: 'discrete', value: { values: [...values] } }, options);
}

/** Names without an order. */
export function categorical(
  name: string,
  values: readonly string[],
  options: Default<string> & Parent = {},
): ParameterSpec {
  return parameter(name, { $case: 'categorical', value: { values: [...values] } }, options);
}

/** Makes parameters exist only where their parent has one of these values: `children: when('sgd', double(…))`. */
export function when(
  parent: Value | readonly Value[],
  ...parameters: ParameterSpec[]
): ConditionalParameter[] {
  const parentValues = [parent].flat().map(toValue);
  return parameters.map((parameter) => ({ parentValues, parameter }));
}

const SCALES: Record<Scale, ParameterScale> = {
  linear: ParameterScale.LINEAR,
  log: ParameterScale.LOG,
  'reverse-log': ParameterScale.REVERSE_LOG,
};

function parameter(
  name: string,
  domain: NonNullable<ParameterSpec['domain']>,
  options: Range & Default<Value> & Parent,
): ParameterSpec {
  return {
    name,
    domain,
    scale: options.scale === undefined ? ParameterScale.UNSPECIFIED : SCALES[options.scale],
    defaultValue: options.default === undefined ? undefined : toValue(options.default),
    gridPoints: options.gridPoints ?? 0,
    children: [...(options.children ?? [])],
  };
}
