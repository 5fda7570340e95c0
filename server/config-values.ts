/** What settings may be written as: each reads a value as it was found, or says what was expected. */
import { parseAddress } from './address.js';
import { durationForm, parseDuration } from './duration.js';

export type Parse<T> = (value: unknown) => T | { readonly problem: string };

export const text: Parse<string> = (value) =>
  typeof value === 'string' && value !== '' ? value : { problem: 'expected a text' };

/** A text, or nothing where the default is the empty one. */
export const optionalText: Parse<string | undefined> = (value) => (value === '' ? undefined : text(value));

export function oneOf(allowed: readonly string[]): Parse<string> {
  return (value) =>
    typeof value === 'string' && allowed.includes(value)
      ? value
      : { problem: `expected one of ${allowed.join(', ')}` };
}

export const yesOrNo: Parse<boolean> = (value) => {
  if (typeof value === 'boolean') return value;
  if (value === 'true' || value === '1') return true;
  if (value === 'false' || value === '0') return false;
  return { problem: 'expected true or false' };
};

export const milliseconds: Parse<number> = (value) => {
  const duration = typeof value === 'string' ? parseDuration(value) : undefined;
  if (duration === undefined) return { problem: `expected ${durationForm}` };
  return duration.seconds * 1_000 + duration.nanos / 1e6;
};

/** A whole number, 1 or more. */
export const count: Parse<number> = (value) => {
  const number = typeof value === 'string' && /^\d+$/.test(value) ? Number(value) : value;
  return typeof number === 'number' && Number.isSafeInteger(number) && number >= 1
    ? number
    : { problem: 'expected a whole number, 1 or more' };
};

const byteUnits: Readonly<Record<string, number>> = { '': 1, KiB: 2 ** 10, MiB: 2 ** 20, GiB: 2 ** 30 };

/** A number of bytes, from so many on: `65536`, `64KiB`, `16MiB`, `1GiB`. */
export function bytes(least: number): Parse<number> {
  return (value) => {
    const match = /^(\d+)(KiB|MiB|GiB)?$/.exec(String(value));
    const number = match === null ? NaN : Number(match[1]) * byteUnits[match[2] ?? '']!;
    return Number.isSafeInteger(number) && number >= least
      ? number
      : { problem: `expected a number of bytes, such as 65536, 64KiB or 16MiB, ${least} or more` };
  };
}

export function address(leastPort: number): Parse<string> {
  return (value) => {
    const parsed = typeof value === 'string' ? parseAddress(value, leastPort) : undefined;
    return parsed === undefined
      ? { problem: `expected host:port with a port from ${leastPort} to 65535, or unix:/path` }
      : (value as string);
  };
}

/** A list of addresses, or one text with commas. Port 0 lets the system choose one; the log tells which. */
export const addresses: Parse<readonly string[]> = (value) => {
  const given: unknown[] = Array.isArray(value)
    ? value
    : typeof value === 'string'
      ? value.split(',')
      : [value];
  const found: string[] = [];
  const parse = address(0);
  for (const entry of given) {
    const parsed = parse(typeof entry === 'string' ? entry.trim() : entry);
    if (typeof parsed !== 'string') return { problem: `${JSON.stringify(entry)}: ${parsed.problem}` };
    if (found.includes(parsed) && !parsed.endsWith(':0'))
      return { problem: `${JSON.stringify(entry)}: is given twice` };
    found.push(parsed);
  }
  return found.length > 0 ? found : { problem: 'expected at least one address' };
};
