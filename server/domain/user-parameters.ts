/** The parameters of a user's own trial, as they are kept. */
import type { Point, Space } from './space.js';
import type { Parameter, ParameterValue } from './spec.js';

type Kind = NonNullable<ParameterValue['kind']>;

/**
 * Puts parameters in the order of the spec and their values into the parameters'
 * own types. The values themselves stay as they were given: a point of the unit
 * cube holds them only to within rounding.
 * @param parameters that `space.toPoint` has taken
 * @param point what it made of them
 */
export function arrange(space: Space, parameters: readonly Parameter[], point: Point): Parameter[] {
  return space.toParameters(point).map(({ name, value }) => {
    const given = parameters.find((parameter) => parameter.name === name)?.value?.kind;
    const computed = value!.kind!;
    return { name, value: { kind: given ? retyped(given, computed) : computed } };
  });
}

function retyped(given: Kind, like: Kind): Kind {
  if (given.$case === 'stringValue' || like.$case === 'stringValue') return given;
  return { $case: like.$case, value: given.value };
}
