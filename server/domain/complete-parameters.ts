import { ParameterScale, type ParameterSpec } from './spec.js';

/**
 * Parameters with what a client left open filled in: the linear scale, and listed
 * numbers in rising order. A study keeps them like this and shows them so; the
 * space that they make is the same.
 */
export function completeParameters(parameters: readonly ParameterSpec[]): ParameterSpec[] {
  return parameters.map((spec) => ({
    ...spec,
    domain: completeDomain(spec.domain),
    scale: spec.domain?.$case === 'categorical' ? spec.scale : spec.scale || ParameterScale.LINEAR,
    children: spec.children.map((child) => ({
      ...child,
      parameter: child.parameter && completeParameters([child.parameter])[0],
    })),
  }));
}

function completeDomain(domain: ParameterSpec['domain']): ParameterSpec['domain'] {
  if (domain?.$case !== 'discrete') return domain;
  // + 0 makes a 0 of −0, which JSON and people take for the same number.
  return {
    $case: 'discrete',
    value: { values: domain.value.values.map((value) => value + 0).sort((a, b) => a - b) },
  };
}
