/** The search space: a study's parameters, and the unit cube in which samplers see them. */
import type { Refusal } from './axis.js';
import { compileDimensions, type Dimension } from './dimension.js';
import { invalidFields, type Violation } from './errors.js';
import { describeValue } from './parameter-check.js';
import { quote } from './quote.js';
import type { Parameter, ParameterSpec, ParameterValue } from './spec.js';

export type { Dimension } from './dimension.js';
export { checkParameters, countParameters } from './space-check.js';

/** A point of the unit cube: one coordinate a dimension of the space, NaN where the parameter is inactive. */
export type Point = readonly number[];

export interface Space {
  /** One for each parameter, children right after their parent, else in the order of the spec. */
  readonly dimensions: readonly Dimension[];
  /**
   * Parameters of a point, in the order of the dimensions, inactive ones left out.
   * Coordinates outside [0, 1] count as the nearer end.
   * @throws RangeError for a point with too few coordinates or NaN at an active parameter
   */
  toParameters(point: Point): Parameter[];
  /**
   * Point of parameters as a user gives them, in any order. A whole number may
   * come as integer or as double.
   *
   * `toParameters` gives back the same values: integer, discrete and categorical
   * ones exactly (integers within the limits named at `axisOf`), doubles to within
   * the rounding named at `scaleOver`. Keep what the user gave where it matters.
   *
   * @param field path of the list; the fields of the violations lie below it
   * @throws WazirError INVALID_FIELD with everything that is wrong: a missing
   *   active parameter, an unknown or inactive one, one given twice, a value of
   *   another type, out of range or not listed
   */
  toPoint(parameters: readonly Parameter[], field: string): Point;
  /** The point of the defaults; undefined where an active parameter has none. */
  defaultPoint(): Point | undefined;
  /** Sets to NaN the coordinates that are inactive at the point. */
  prune(coordinates: readonly number[]): Point;
}

/** Compiles parameters that `checkParameters` finds nothing wrong with. */
export function compileSpace(parameters: readonly ParameterSpec[]): Space {
  const dimensions = compileDimensions(parameters);
  const activity = () => new Activity(dimensions);
  return {
    dimensions,
    toParameters(point) {
      const active = activity();
      const parameters: Parameter[] = [];
      for (const dimension of dimensions) {
        if (!active.next(dimension)) continue;
        const coordinate = point[dimension.index];
        if (coordinate === undefined || Number.isNaN(coordinate))
          throw new RangeError(`the point has no coordinate for the active parameter ${dimension.path}`);
        active.takeAt(dimension, coordinate);
        parameters.push({ name: dimension.spec.name, value: dimension.axis.toValue(coordinate) });
      }
      return parameters;
    },
    toPoint: (given, field) => pointOf(dimensions, given, field),
    defaultPoint() {
      const active = activity();
      const point: number[] = [];
      for (const dimension of dimensions) {
        const place = active.next(dimension) ? dimension.axis.place(dimension.spec.defaultValue) : inactive;
        if ('refusal' in place) return undefined;
        active.take(dimension, place.ordinal);
        point.push(place.coordinate);
      }
      return point;
    },
    prune(coordinates) {
      const active = activity();
      return dimensions.map((dimension) => {
        if (!active.next(dimension)) return NaN;
        const coordinate = coordinates[dimension.index] ?? NaN;
        active.takeAt(dimension, coordinate);
        return coordinate;
      });
    },
  };
}

const inactive = { coordinate: NaN, ordinal: NaN };

/** Which parameters are active, found on one walk over the dimensions, parents first. */
class Activity {
  // Ordinals of the values of active parameters; NaN, which no child names, for the others.
  private readonly ordinals: number[];

  constructor(dimensions: readonly Dimension[]) {
    this.ordinals = new Array<number>(dimensions.length).fill(NaN);
  }

  next(dimension: Dimension): boolean {
    return dimension.parent === undefined || dimension.activators.has(this.ordinals[dimension.parent]!);
  }

  take(dimension: Dimension, ordinal: number): void {
    this.ordinals[dimension.index] = ordinal;
  }

  /** Takes the value at a coordinate, where it matters to a child. */
  takeAt(dimension: Dimension, coordinate: number): void {
    if (dimension.children.length > 0) this.take(dimension, dimension.axis.ordinal(coordinate));
  }
}

function pointOf(dimensions: readonly Dimension[], given: readonly Parameter[], field: string): Point {
  const found: Violation[] = [];
  const indexes = indexByName(given, field, found);
  const active = new Activity(dimensions);
  // Names that are accounted for, and parameters of which a fault above them leaves open whether they are active.
  const seen = new Set<string>();
  const open = new Set<number>();
  const point = dimensions.map((dimension): number => {
    const { index: position, parent, path, spec, axis } = dimension;
    if (parent !== undefined && open.has(parent)) {
      open.add(position);
      seen.add(spec.name);
      return NaN;
    }
    if (!active.next(dimension)) return NaN;
    seen.add(spec.name);
    const index = indexes.get(spec.name);
    const value = index === undefined ? undefined : given[index]!.value;
    const place = axis.place(value);
    if ('refusal' in place) {
      open.add(position);
      if (index === undefined)
        found.push({ field, description: `${quote(path)} is missing: it is active here` });
      else found.push({ field: `${field}[${index}].value`, description: faultOf(value, place) });
      return NaN;
    }
    active.take(dimension, place.ordinal);
    return place.coordinate;
  });
  const known = new Set(dimensions.map((dimension) => dimension.spec.name));
  for (const [name, index] of indexes) {
    if (seen.has(name)) continue;
    const description = known.has(name)
      ? 'is not active at these values'
      : 'is not a parameter of this study';
    found.push({ field: `${field}[${index}].name`, description: `${quote(name)} ${description}` });
  }
  if (found.length > 0) throw invalidFields(found);
  return point;
}

function indexByName(given: readonly Parameter[], field: string, found: Violation[]): Map<string, number> {
  const indexes = new Map<string, number>();
  for (const [index, { name }] of given.entries()) {
    if (indexes.has(name))
      found.push({ field: `${field}[${index}].name`, description: `${quote(name)} is given twice` });
    else indexes.set(name, index);
  }
  return indexes;
}

function faultOf(value: ParameterValue | undefined, { refusal }: Refusal): string {
  return `${describeValue(value)} ${refusal}`;
}
