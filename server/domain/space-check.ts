/** What is wrong with the parameters of a study. */
import { axisOf, type Axis } from './axis.js';
import type { Violation } from './errors.js';
import { checkParameter, describeValue } from './parameter-check.js';
import { quote } from './quote.js';
import type { ConditionalParameter, ParameterSpec } from './spec.js';

/** The most levels of parameters, the top one included. */
export const maxParameterLevels = 32;

/** How many parameters there are, children included; counts no further than one past `most`. */
export function countParameters(parameters: readonly ParameterSpec[], most: number): number {
  let count = 0;
  for (let level = [...parameters]; level.length > 0 && count <= most; level = childrenOf(level))
    count += level.length;
  return Math.min(count, most + 1);
}

function childrenOf(parameters: readonly ParameterSpec[]): ParameterSpec[] {
  return parameters.flatMap((spec) => spec.children.flatMap((child) => child.parameter ?? []));
}

/**
 * What is wrong with the parameters of a spec. Without a violation,
 * `compileSpace` takes them. How many there are is for the caller to bound first.
 *
 * @param field path of the list, such as `study.spec.parameters`; the fields of
 *   the violations lie below it, such as `study.spec.parameters[2].double.min`
 * @returns nothing wrong: an empty list. An empty list of parameters is nothing
 *   wrong here; samplers say whether they can use it.
 */
export function checkParameters(parameters: readonly ParameterSpec[], field: string): Violation[] {
  // First, so that all else may recurse.
  const excess = checkLevels(parameters, field);
  if (excess !== undefined) return [excess];
  const found: Violation[] = [];
  const topNames = parameters.map((spec, index) => checkTree(spec, `${field}[${index}]`, found));
  checkNames(topNames, () => true, found);
  return found;
}

function checkLevels(parameters: readonly ParameterSpec[], field: string): Violation | undefined {
  let level = [...parameters];
  for (let levels = 1; level.length > 0; levels++) {
    if (levels > maxParameterLevels)
      return { field, description: `must be nested to at most ${maxParameterLevels} levels of parameters` };
    level = childrenOf(level);
  }
  return undefined;
}

/** Each name in the tree below a parameter, itself included, with the field of one that bears it. */
type Names = Map<string, string>;

function checkTree(spec: ParameterSpec, field: string, found: Violation[]): Names {
  const own = checkParameter(spec, field);
  found.push(...own);
  // Conditions are judged by the parent's axis; a parent without a sound one gets no second verdict.
  const axis = own.length === 0 && spec.domain?.$case !== 'double' ? axisOf(spec) : undefined;
  if (spec.children.length > 0) checkParent(spec, axis, field, found);
  const activators: Set<number>[] = [];
  const below = spec.children.map((child, index) => {
    const at = `${field}.children[${index}]`;
    activators.push(checkCondition(child, axis, at, found));
    if (child.parameter !== undefined) return checkTree(child.parameter, `${at}.parameter`, found);
    found.push({ field: `${at}.parameter`, description: 'must be set' });
    return new Map<string, string>();
  });
  const overlap = overlapOf(activators);
  const names = checkNames(below, overlap, found);
  const clash = names.get(spec.name);
  if (clash !== undefined && spec.name !== '') found.push(nameClash(spec.name, clash, field));
  return names.set(spec.name, field);
}

function checkParent(spec: ParameterSpec, axis: Axis | undefined, field: string, found: Violation[]): void {
  const at = `${field}.children`;
  if (spec.domain?.$case === 'double')
    found.push({ field: at, description: 'a double parameter can not have children' });
  else if (axis !== undefined && !axis.exact)
    found.push({ field: at, description: 'a parameter with so many values can not have children' });
}

/** Checks the values of the parent under which a child exists; returns their ordinals. */
function checkCondition(
  child: ConditionalParameter,
  axis: Axis | undefined,
  field: string,
  found: Violation[],
): Set<number> {
  const ordinals = new Set<number>();
  if (child.parentValues.length === 0)
    found.push({ field: `${field}.parent_values`, description: 'must hold at least one value' });
  for (const [index, value] of child.parentValues.entries()) {
    if (axis === undefined) break;
    const place = axis.place(value);
    if ('refusal' in place) {
      const description = `${describeValue(value)} ${place.refusal}: the parent can not take it`;
      found.push({ field: `${field}.parent_values[${index}]`, description });
      break;
    }
    ordinals.add(place.ordinal);
  }
  return ordinals;
}

/**
 * Which of some siblings can be active together: those that share a value of
 * their parent. One bit mask a value, since comparing the siblings in pairs would
 * let one message cost minutes.
 */
function overlapOf(activators: readonly ReadonlySet<number>[]): (a: number, b: number) => boolean {
  const byValue = new Map<number, bigint>();
  activators.forEach((ordinals, index) => {
    for (const ordinal of ordinals)
      byValue.set(ordinal, (byValue.get(ordinal) ?? 0n) | (1n << BigInt(index)));
  });
  const masks = activators.map((ordinals) => {
    let mask = 0n;
    for (const ordinal of ordinals) mask |= byValue.get(ordinal)!;
    return mask;
  });
  return (a, b) => ((masks[a]! >> BigInt(b)) & 1n) === 1n;
}

/** Finds names that siblings' trees share and that can be active together; returns all names. */
function checkNames(
  siblings: readonly Names[],
  overlap: (a: number, b: number) => boolean,
  found: Violation[],
): Names {
  const all: Names = new Map();
  const bearers = new Map<string, number[]>();
  siblings.forEach((names, index) => {
    for (const [name, field] of names) {
      if (name === '') continue;
      const earlier = bearers.get(name) ?? [];
      const clash = earlier.find((other) => overlap(other, index));
      if (clash !== undefined) found.push(nameClash(name, field, siblings[clash]!.get(name)!));
      bearers.set(name, [...earlier, index]);
      if (!all.has(name)) all.set(name, field);
    }
  });
  return all;
}

function nameClash(name: string, field: string, other: string): Violation {
  return {
    field: `${field}.name`,
    description: `${quote(name)} is also the name of ${other}, active at the same time`,
  };
}
