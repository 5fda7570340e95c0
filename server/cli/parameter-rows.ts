import { ParameterScale, type ConditionalParameter, type ParameterSpec } from '../gen/wazir/v1/study.js';
import { safeText } from './safe-text.js';
import { showNumber, showParameterValue } from './show.js';

/** Name, values, scale, default, and the condition under which a parameter exists: a row each, children below their parent. */
export function parameterRows(parameters: readonly ParameterSpec[], depth = 0, when = ''): string[][] {
  return parameters.flatMap((parameter) => [
    [
      '  '.repeat(depth) + safeText(parameter.name),
      domain(parameter),
      parameter.scale === ParameterScale.UNSPECIFIED ? '' : (ParameterScale[parameter.scale] ?? ''),
      showParameterValue(parameter.defaultValue),
      when,
    ],
    ...parameter.children.flatMap((child) =>
      child.parameter === undefined
        ? []
        : parameterRows([child.parameter], depth + 1, condition(parameter.name, child)),
    ),
  ]);
}

function condition(parent: string, { parentValues }: ConditionalParameter): string {
  return `${safeText(parent)}=${parentValues.map(showParameterValue).join('|')}`;
}

function domain({ domain }: ParameterSpec): string {
  switch (domain?.$case) {
    case 'double':
    case 'integer':
      return `${showNumber(domain.value.min)} to ${showNumber(domain.value.max)}`;
    case 'categorical':
      return domain.value.values.map(safeText).join(', ');
    case 'discrete':
      return domain.value.values.map(showNumber).join(', ');
    case undefined:
      return '';
  }
}
