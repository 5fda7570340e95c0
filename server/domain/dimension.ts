/** The dimensions of a search space: its tree of parameters, laid out in a row. */
import { axisOf, type Axis } from './axis.js';
import type { ConditionalParameter, ParameterSpec } from './spec.js';

export interface Dimension {
  /** Place in the space's list of dimensions and in a point. */
  readonly index: number;
  /**
   * Path of names from the top, such as `optimizer/momentum`; unique in the
   * space. `~`, `/` and `#` within a name are written `~0`, `~1` and `~2`; of
   * siblings of one name under different values of the parent, the second is
   * `name#2`.
   */
  readonly path: string;
  /** Path of the field in the spec, such as `parameters[0].children[1].parameter`. */
  readonly field: string;
  readonly spec: ParameterSpec;
  /** Where the values lie on the unit interval. */
  readonly axis: Axis;
  /** Index of the parent's dimension; undefined at the top. It is below `index`. */
  readonly parent: number | undefined;
  /** Ordinals of the parent's values at which it is active, where the parent is; empty at the top. */
  readonly activators: ReadonlySet<number>;
  /** Indexes of the children's dimensions, rising. */
  readonly children: readonly number[];
}

/** Lays out parameters that `checkParameters` finds nothing wrong with: each, then its children, then the next. */
export function compileDimensions(parameters: readonly ParameterSpec[]): Dimension[] {
  const dimensions: Dimension[] = [];
  const add = (
    spec: ParameterSpec,
    path: string,
    field: string,
    parent: number | undefined,
    activators: ReadonlySet<number>,
  ): number => {
    const index = dimensions.length;
    const axis = axisOf(spec);
    const children: number[] = [];
    dimensions.push({ index, path, field, spec, axis, parent, activators, children });
    const name = siblingNames();
    spec.children.forEach((child, at) => {
      const below = child.parameter!;
      const place = `${field}.children[${at}].parameter`;
      children.push(add(below, `${path}/${name(below.name)}`, place, index, activatorsOf(child, axis)));
    });
    return index;
  };
  const name = siblingNames();
  parameters.forEach((spec, at) => add(spec, name(spec.name), `parameters[${at}]`, undefined, none));
  return dimensions;
}

const none: ReadonlySet<number> = new Set();

function activatorsOf(child: ConditionalParameter, axis: Axis): ReadonlySet<number> {
  return new Set(
    child.parentValues.map((value) => {
      const place = axis.place(value);
      if ('refusal' in place) throw new TypeError(`a parent's value ${place.refusal}`);
      return place.ordinal;
    }),
  );
}

/** Turns the names of siblings into the last parts of paths, one after the other. */
function siblingNames(): (name: string) => string {
  const counts = new Map<string, number>();
  return (name) => {
    const count = (counts.get(name) ?? 0) + 1;
    counts.set(name, count);
    const escaped = name.replaceAll('~', '~0').replaceAll('/', '~1').replaceAll('#', '~2');
    return count === 1 ? escaped : `${escaped}#${count}`;
  };
}
