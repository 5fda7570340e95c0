/** Why a value was not taken. */
export interface Refusal {
  readonly problem: string;
}

/** Reads a scalar as protobuf's JSON mapping does, as the generated code has it: every number as a number. */
export function readScalar(type: string, value: unknown): string | number | boolean | Refusal {
  switch (type) {
    case 'string':
      if (typeof value === 'string') return value;
      return typeof value === 'number' || typeof value === 'bigint' || typeof value === 'boolean'
        ? { problem: `expected a text: write "${value}" in quotes` }
        : { problem: `expected a text, got ${shown(value)}` };
    case 'bool':
      return typeof value === 'boolean' ? value : { problem: `expected true or false, got ${shown(value)}` };
    case 'double':
      return readNumber(value) ?? { problem: `expected a number, got ${shown(value)}` };
    case 'int32':
      return readInteger(value, -(2 ** 31), 2 ** 31 - 1);
    case 'int64':
      return readInteger(value, Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER);
    default:
      return { problem: `can not be given in a file` };
  }
}

/** A number, or one of the texts by which JSON writes numbers that it does not have. */
function readNumber(value: unknown): number | undefined {
  if (typeof value === 'number') return value;
  if (typeof value === 'bigint') return Number(value);
  if (typeof value !== 'string') return undefined;
  if (value === 'NaN') return NaN;
  if (!/^-?(Infinity|\d+(\.\d+)?([eE][+-]?\d+)?)$/.test(value)) return undefined;
  return Number(value);
}

function readInteger(value: unknown, least: number, greatest: number): number | Refusal {
  const number = readNumber(value);
  if (number === undefined || !Number.isInteger(number)) {
    return { problem: `expected a whole number, got ${shown(value)}` };
  }
  // Number() has rounded what is beyond 2^53; it is beyond the bounds still.
  return number >= least && number <= greatest
    ? number
    : { problem: `expected a whole number from ${least} to ${greatest}, got ${shown(value)}` };
}

/** A value of a file as messages show it: short, and in its own form. */
export function shown(value: unknown): string {
  const text =
    typeof value === 'bigint' ? String(value) : (JSON.stringify(value, replaceBigInt) ?? 'nothing');
  return text.length > 60 ? `${text.slice(0, 57)}…` : text;
}

function replaceBigInt(_key: string, value: unknown): unknown {
  return typeof value === 'bigint' || (typeof value === 'number' && !Number.isFinite(value))
    ? String(value)
    : value;
}
