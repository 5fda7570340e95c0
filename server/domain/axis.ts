/**
 * The values of one parameter and where each lies on the unit interval: the one
 * place where values and coordinates are turned into each other.
 */
import { equalCells, logCells, mirroredCells, weightedCells, type Cells } from './cells.js';
import { quote } from './quote.js';
import { scaleOver } from './scale.js';
import { ParameterScale, type ParameterSpec, type ParameterValue } from './spec.js';

/** Where a value lies. */
export interface Place {
  /** In [0, 1]. */
  readonly coordinate: number;
  /** Place among the parameter's values, from 0; NaN on a continuous axis. */
  readonly ordinal: number;
}

/** Why a value is none of the parameter's, as the end of a sentence that begins with it. */
export interface Refusal {
  readonly refusal: string;
}

export interface Axis {
  /** How many values there are: 1 to 2^54, or Infinity on a continuous axis. */
  readonly size: number;
  /** Whether every value has a coordinate of its own; see `IntegerDomain` at `axisOf`. */
  readonly exact: boolean;
  /** The value at a coordinate. A coordinate outside [0, 1] gives the nearer end. */
  toValue(coordinate: number): ParameterValue;
  /** Where a value lies, or why it is none of the parameter's. */
  place(value: ParameterValue | undefined): Place | Refusal;
  /** Number from 0 of the value at a coordinate; NaN on a continuous axis. */
  ordinal(coordinate: number): number;
  /** A coordinate of the value with this number, the middle of its cell; NaN on a continuous axis. */
  coordinate(ordinal: number): number;
}

/**
 * The axis of a parameter whose domain is valid.
 *
 * - Double: continuous on its scale; min = max is one value.
 * - Integer: a cell a value, of one width; on a logarithmic scale from
 *   ln(k − 1/2) to ln(k + 1/2). Exact up to 2^53 values, and on a logarithmic
 *   scale while max · ln(max / min) + max − min is below 2^48, so up to some 10^13.
 *   Beyond, the unit interval has fewer doubles than the range has values:
 *   neighbours share a coordinate, and a value may come back as another one,
 *   within a relative 2^-45 on a logarithmic scale, else within 2.
 * - Discrete: a cell a value in rising order, of one width; on a logarithmic
 *   scale to half way to the neighbours' logarithms. Always exact.
 * - Categorical: a cell a value in the order of the spec, of one width.
 */
export function axisOf(spec: ParameterSpec): Axis {
  const domain = spec.domain;
  switch (domain?.$case) {
    case 'double':
      return doubleAxis(spec.scale, domain.value.min, domain.value.max);
    case 'integer':
      return integerAxis(spec.scale, domain.value.min, domain.value.max);
    case 'discrete':
      return discreteAxis(spec.scale, domain.value.values);
    case 'categorical':
      return categoricalAxis(domain.value.values);
    case undefined:
      throw new TypeError(`parameter ${quote(spec.name)} has no domain`);
  }
}

function doubleAxis(scale: ParameterScale, min: number, max: number): Axis {
  const constant = min === max;
  const map = constant ? { fromUnit: () => min, toUnit: () => 0.5 } : scaleOver(scale, min, max);
  return {
    size: constant ? 1 : Infinity,
    exact: true,
    toValue: (coordinate) => ({ kind: { $case: 'doubleValue', value: map.fromUnit(coordinate) } }),
    place(value) {
      const number = numberOf(value);
      if (number === undefined) return { refusal: 'is no number' };
      if (!(number >= min && number <= max)) return { refusal: `is not within ${min} to ${max}` };
      return { coordinate: map.toUnit(number), ordinal: constant ? 0 : NaN };
    },
    ordinal: () => (constant ? 0 : NaN),
    coordinate: () => (constant ? 0.5 : NaN),
  };
}

function integerAxis(scale: ParameterScale, min: number, max: number): Axis {
  const cells = integerCells(scale, min, max);
  // Beyond 2^53 values an ordinal is rounded, and its sum with min may pass max.
  const at = (ordinal: number) => Math.min(max, min + ordinal);
  return cellAxis(
    cells,
    (ordinal) => ({ $case: 'integerValue', value: at(ordinal) }),
    (value) => {
      const number = numberOf(value);
      if (number === undefined || !Number.isInteger(number)) return { refusal: 'is no whole number' };
      if (number < min || number > max) return { refusal: `is not within ${min} to ${max}` };
      return number - min;
    },
  );
}

function integerCells(scale: ParameterScale, min: number, max: number): Cells {
  const size = max - min + 1;
  if (scale === ParameterScale.LOG) return logCells(min, size);
  if (scale === ParameterScale.REVERSE_LOG) return mirroredCells(logCells(min, size));
  return equalCells(size);
}

function discreteAxis(scale: ParameterScale, listed: readonly number[]): Axis {
  // + 0 makes a 0 of −0: the two are one value.
  const values = listed.map((value) => value + 0).sort((a, b) => a - b);
  const ordinals = new Map(values.map((value, ordinal) => [value, ordinal]));
  return cellAxis(
    discreteCells(scale, values),
    (ordinal) => ({ $case: 'doubleValue', value: values[ordinal]! }),
    (value) => {
      const number = numberOf(value);
      if (number === undefined) return { refusal: 'is no number' };
      return ordinals.get(number) ?? { refusal: `is not one of the ${values.length} listed numbers` };
    },
  );
}

function discreteCells(scale: ParameterScale, sorted: readonly number[]): Cells {
  const logarithmic = scale === ParameterScale.LOG || scale === ParameterScale.REVERSE_LOG;
  if (!logarithmic || sorted.length === 1) return equalCells(sorted.length);
  const min = sorted[0]!;
  const max = sorted.at(-1)!;
  const map = scaleOver(scale, min, max);
  const places = sorted.map((value) => map.toUnit(value));
  const gaps = places.slice(1).map((place, index) => place - places[index]!);
  // Half the gap to either neighbour; the outer halves of the ends mirror their inner ones.
  return weightedCells(
    places.map((_, index) => (gaps[index - 1] ?? gaps[index]!) / 2 + (gaps[index] ?? gaps[index - 1]!) / 2),
  );
}

function categoricalAxis(values: readonly string[]): Axis {
  const ordinals = new Map(values.map((value, ordinal) => [value, ordinal]));
  return cellAxis(
    equalCells(values.length),
    (ordinal) => ({ $case: 'stringValue', value: values[ordinal]! }),
    (value) => {
      if (value?.kind?.$case !== 'stringValue') return { refusal: 'is no string' };
      return (
        ordinals.get(value.kind.value) ?? { refusal: `is not one of the ${values.length} listed values` }
      );
    },
  );
}

function cellAxis(
  cells: Cells,
  kindOf: (ordinal: number) => NonNullable<ParameterValue['kind']>,
  ordinalOf: (value: ParameterValue | undefined) => number | Refusal,
): Axis {
  return {
    size: cells.size,
    exact: cells.exact,
    toValue: (coordinate) => ({ kind: kindOf(cells.at(coordinate)) }),
    place(value) {
      const ordinal = ordinalOf(value);
      return typeof ordinal === 'number' ? { ordinal, coordinate: cells.middle(ordinal) } : ordinal;
    },
    ordinal: (coordinate) => cells.at(coordinate),
    coordinate: (ordinal) => cells.middle(ordinal),
  };
}

/** Clients in languages with one number type send 1 for 1.0 and 1.0 for 1. */
function numberOf(value: ParameterValue | undefined): number | undefined {
  return value?.kind?.$case === 'doubleValue' || value?.kind?.$case === 'integerValue'
    ? value.kind.value
    : undefined;
}
