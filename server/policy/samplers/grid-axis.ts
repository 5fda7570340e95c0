/** The points of a grid along one parameter. */
import type { Violation } from '../../domain/errors.js';
import { scaleOver } from '../../domain/scale.js';
import type { Dimension } from '../../domain/space.js';
import { ParameterScale } from '../../domain/spec.js';

/** A grid's points along one parameter, in rising order. */
export interface GridAxis {
  /** How many points; at least 1. Above 2^53 rounded. */
  readonly count: number;
  /**
   * The coordinate of a point.
   * @param index from 0 to `count` − 1
   */
  coordinate(index: number): number;
  /** Index of the point that has the value of this ordinal, if one has; undefined on a continuous axis. */
  indexOf(ordinal: number): number | undefined;
}

// On a logarithmic scale the points of a whole-number grid are kept as a list.
const maxListed = 2 ** 16;

/** What keeps a parameter from having a grid; fields are relative to the spec. */
export function checkGridAxis({ spec, field, axis }: Dimension): Violation[] {
  const points = spec.gridPoints;
  const violation = (description: string) => [{ field: `${field}.grid_points`, description }];
  if (axis.size === Infinity) {
    if (points === 0) return violation('the grid sampler needs it on a double parameter');
    return tooNarrow(axis, points) ? violation(`the range does not hold ${points} different numbers`) : [];
  }
  if (points === 0 && !axis.exact)
    return violation('the grid sampler needs it on a parameter with so many values');
  return points > maxListed && points < axis.size && isLogarithmic(spec)
    ? violation(`must be at most ${maxListed} for whole numbers on a logarithmic scale`)
    : [];
}

/**
 * The grid along a parameter that `checkGridAxis` has passed: every value of an
 * integer, discrete or categorical one. Where `grid_points` is set, that many
 * numbers evenly spread on the parameter's scale, both ends included, or the
 * middle where it is 1. An integer parameter takes the nearest whole numbers, each
 * once, and all of them where there are no more than points.
 */
export function gridAxis(dimension: Dimension): GridAxis {
  const { spec, axis } = dimension;
  const points = spec.gridPoints;
  if (axis.size === Infinity)
    return { count: points, coordinate: (index) => stop(index, points), indexOf: () => undefined };
  if (points === 0 || points >= axis.size)
    return { count: axis.size, coordinate: (index) => axis.coordinate(index), indexOf: (ordinal) => ordinal };
  return isLogarithmic(spec) || points === 1 ? listedAxis(dimension) : evenAxis(axis, points);
}

function isLogarithmic({ scale }: Dimension['spec']): boolean {
  return scale === ParameterScale.LOG || scale === ParameterScale.REVERSE_LOG;
}

/** Coordinate of one of `points` even stops. */
function stop(index: number, points: number): number {
  return points === 1 ? 0.5 : index / (points - 1);
}

/** Whether stops would fall on one double. The doubles are sparsest, or the stops densest, at an end. */
function tooNarrow(axis: Dimension['axis'], points: number): boolean {
  if (points === 1) return false;
  const at = (index: number) => axis.toValue(stop(index, points)).kind?.value as number;
  const together = (a: number, b: number) =>
    b - a <= Math.max(2 ** -50 * Math.max(Math.abs(a), Math.abs(b)), 2 ** -1072);
  return together(at(0), at(1)) || together(at(points - 2), at(points - 1));
}

/** Whole numbers at the stops of a scale, neighbours that round to one number merged. */
function listedAxis({ spec, axis }: Dimension): GridAxis {
  if (spec.domain?.$case !== 'integer')
    throw new TypeError('grid_points on a parameter that can not have them');
  const { min, max } = spec.domain.value;
  const scale = scaleOver(spec.scale, min, max);
  const ordinals = new Set<number>();
  for (let index = 0; index < spec.gridPoints; index++)
    ordinals.add(Math.round(scale.fromUnit(stop(index, spec.gridPoints))) - min);
  const rising = [...ordinals];
  const indexes = new Map(rising.map((ordinal, index) => [ordinal, index]));
  return {
    count: rising.length,
    coordinate: (index) => axis.coordinate(rising[index]!),
    indexOf: (ordinal) => indexes.get(ordinal),
  };
}

/** Fewer stops than whole numbers, evenly spread; whatever their number, none is listed. */
function evenAxis(axis: Dimension['axis'], points: number): GridAxis {
  // In whole numbers of any size, since doubles would round neighbouring stops of
  // a long grid together.
  const steps = BigInt(points - 1);
  const last = BigInt(axis.size - 1);
  const nearest = (of: bigint, by: bigint) => (2n * of + by) / (2n * by);
  const ordinalAt = (index: number) => Number(nearest(BigInt(index) * last, steps));
  return {
    count: points,
    coordinate: (index) => axis.coordinate(ordinalAt(index)),
    indexOf(ordinal) {
      // Stops are at least 1 apart: no other is as near.
      const index = Number(nearest(BigInt(ordinal) * steps, last));
      return ordinalAt(index) === ordinal ? index : undefined;
    },
  };
}
