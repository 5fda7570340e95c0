/** PLACEHOLDER, replaced by the search space work: see the interfaces. */
import type { Parameter, ParameterSpec } from './spec.js';
import type { Violation } from './errors.js';

/** A point of the unit cube: one coordinate a dimension of the space, NaN where the parameter is inactive. */
export type Point = readonly number[];

export interface Dimension {
  /** Path of names from the top, such as `optimizer/momentum`; unique in the space. */
  readonly path: string;
  readonly spec: ParameterSpec;
  /** Index of the parent dimension; undefined at the top. */
  readonly parent: number | undefined;
  /** Whether a value (coordinate) of the parent makes it active. */
}

export interface Space {
  readonly dimensions: readonly Dimension[];
  /** Parameters of a point, in the order of the spec, inactive ones left out. */
  toParameters(point: Point): Parameter[];
  /** Point of parameters as a user gives them; throws WazirError INVALID_FIELD with paths below `field`. */
  toPoint(parameters: readonly Parameter[], field: string): Point;
  /** The point of the defaults, where every active parameter has one. */
  defaultPoint(): Point | undefined;
  /** Sets to NaN the coordinates that are inactive at the point. */
  prune(coordinates: readonly number[]): Point;
}

/** What is wrong with the parameters of a spec; fields below `field`. */
export declare function checkParameters(parameters: readonly ParameterSpec[], field: string): Violation[];
export declare function compileSpace(parameters: readonly ParameterSpec[]): Space;
