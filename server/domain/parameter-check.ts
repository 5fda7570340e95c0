/** What is wrong with one parameter, its children and the names around it left aside. */
import { axisOf } from './axis.js';
import type { Violation } from './errors.js';
import { quote } from './quote.js';
import { ParameterScale, type ParameterSpec, type ParameterValue } from './spec.js';

const maxNameBytes = 256;
const maxGridPoints = 2 ** 31 - 1;

/**
 * What is wrong with a parameter's own fields: at most a few violations whatever
 * the length of its lists. Of a parameter without a `domain` violation, `axisOf`
 * can be made.
 */
export function checkParameter(spec: ParameterSpec, field: string): Violation[] {
  const inDomain = checkDomain(spec, field);
  const found = [
    ...checkName(spec.name, field),
    ...checkScale(spec, field),
    ...inDomain,
    ...checkGridPoints(spec, field),
  ];
  // A default can only be judged where there is a sound axis to judge it by.
  if (found.length === 0 && spec.defaultValue !== undefined) {
    const place = axisOf(spec).place(spec.defaultValue);
    if ('refusal' in place)
      found.push({
        field: `${field}.default_value`,
        description: `${describeValue(spec.defaultValue)} ${place.refusal}`,
      });
  }
  return found;
}

/** A value as it may stand in a message: short and escaped. */
export function describeValue(value: ParameterValue | undefined): string {
  const kind = value?.kind;
  if (kind === undefined) return 'a value that is not set';
  return kind.$case === 'stringValue' ? quote(kind.value) : String(kind.value);
}

function checkName(name: string, field: string): Violation[] {
  if (name === '') return [{ field: `${field}.name`, description: 'must not be empty' }];
  // No UTF-16 unit takes less than a byte: the long ones need no encoding.
  if (name.length > maxNameBytes || new TextEncoder().encode(name).length > maxNameBytes)
    return [{ field: `${field}.name`, description: `must be at most ${maxNameBytes} bytes` }];
  return [];
}

function checkScale(spec: ParameterSpec, field: string): Violation[] {
  const at = `${field}.scale`;
  switch (spec.scale) {
    case ParameterScale.UNSPECIFIED:
      return [];
    case ParameterScale.LINEAR:
    case ParameterScale.LOG:
    case ParameterScale.REVERSE_LOG:
      return spec.domain?.$case === 'categorical'
        ? [{ field: at, description: 'must not be set on a categorical parameter' }]
        : [];
    default:
      return [{ field: at, description: 'is not a scale that this server knows' }];
  }
}

function checkGridPoints(spec: ParameterSpec, field: string): Violation[] {
  const at = `${field}.grid_points`;
  const points = spec.gridPoints;
  if (!Number.isInteger(points) || points < 0 || points > maxGridPoints)
    return [{ field: at, description: `must be 0 to ${maxGridPoints}` }];
  const kind = spec.domain?.$case;
  return points > 0 && (kind === 'categorical' || kind === 'discrete')
    ? [{ field: at, description: `must not be set on a ${kind} parameter: a grid takes all its values` }]
    : [];
}

function checkDomain(spec: ParameterSpec, field: string): Violation[] {
  const domain = spec.domain;
  const logarithmic = spec.scale === ParameterScale.LOG || spec.scale === ParameterScale.REVERSE_LOG;
  switch (domain?.$case) {
    case undefined:
      return [{ field, description: 'one of double, integer, categorical and discrete must be set' }];
    case 'double':
      return checkRange(domain.value, `${field}.double`, logarithmic, Number.isFinite, 'must be finite');
    case 'integer':
      return checkRange(
        domain.value,
        `${field}.integer`,
        logarithmic,
        Number.isSafeInteger,
        'must be a whole number within ±(2^53 − 1)',
      );
    case 'categorical':
      return checkList(domain.value.values, `${field}.categorical.values`, (value) =>
        value === '' ? 'must not be empty' : undefined,
      );
    case 'discrete':
      return checkList(domain.value.values, `${field}.discrete.values`, (value) => {
        if (!Number.isFinite(value)) return 'must be finite';
        return logarithmic && value <= 0 ? 'must be above 0 on a logarithmic scale' : undefined;
      });
  }
}

function checkRange(
  range: { readonly min: number; readonly max: number },
  field: string,
  logarithmic: boolean,
  accepts: (bound: unknown) => boolean,
  rule: string,
): Violation[] {
  const found: Violation[] = [];
  if (!accepts(range.min)) found.push({ field: `${field}.min`, description: rule });
  if (!accepts(range.max)) found.push({ field: `${field}.max`, description: rule });
  if (found.length > 0) return found;
  if (range.min > range.max)
    found.push({ field: `${field}.min`, description: `${range.min} must not be above max, ${range.max}` });
  if (logarithmic && range.min <= 0)
    found.push({ field: `${field}.min`, description: 'must be above 0 on a logarithmic scale' });
  return found;
}

/** The first fault of a list. One is enough: a list may hold a million of the same. */
function checkList<T extends string | number>(
  values: readonly T[],
  field: string,
  fault: (value: T) => string | undefined,
): Violation[] {
  if (values.length === 0) return [{ field, description: 'must hold at least one value' }];
  const seen = new Set<T>();
  for (const [index, value] of values.entries()) {
    const at = `${field}[${index}]`;
    const description = fault(value);
    if (description !== undefined) return [{ field: at, description }];
    if (seen.has(value))
      return [
        { field: at, description: `${typeof value === 'string' ? quote(value) : value} is listed twice` },
      ];
    seen.add(value);
  }
  return [];
}
