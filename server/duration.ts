import type { Duration } from './gen/google/protobuf/duration.js';

/** Milliseconds a unit. */
const units = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;

/** For messages: what a duration looks like. */
export const durationForm = 'a duration such as "30s", "5m" or "1h30m"';

/** Reads `30s`, `5m`, `1h30m`, `1.5s`; undefined where the text is no duration. */
export function parseDuration(text: string): Duration | undefined {
  if (!/^(\d+(\.\d+)?(ms|s|m|h|d))+$/.test(text)) return undefined;
  let seconds = 0;
  let nanos = 0;
  for (const [, whole, fraction, unit] of text.matchAll(/(\d+)(?:\.(\d+))?(ms|s|m|h|d)/g)) {
    const milliseconds = units[unit as keyof typeof units];
    // Whole and fractional part apart: seconds and nanoseconds do not fit one double.
    const wholeMilliseconds = Number(whole) * milliseconds;
    seconds += Math.floor(wholeMilliseconds / 1_000);
    nanos += (wholeMilliseconds % 1_000) * 1e6;
    nanos += Math.round(Number(`0.${fraction ?? '0'}`) * milliseconds * 1e6);
  }
  seconds += Math.floor(nanos / 1e9);
  return Number.isSafeInteger(seconds) ? { seconds, nanos: nanos % 1e9 } : undefined;
}

/** Protobuf's JSON form: seconds with 0, 3, 6 or 9 decimals, and `s`. */
export function durationToJson({ seconds, nanos }: Duration): string {
  const sign = seconds < 0 || nanos < 0 ? '-' : '';
  return `${sign}${Math.abs(seconds)}${fractionOf(Math.abs(nanos))}s`;
}

/** For people: the largest units that say it exactly, such as `1h30m`. */
export function formatDuration({ seconds, nanos }: Duration): string {
  if (seconds < 0 || nanos !== 0) return durationToJson({ seconds, nanos });
  const parts = [
    [Math.floor(seconds / 86_400), 'd'],
    [Math.floor(seconds / 3_600) % 24, 'h'],
    [Math.floor(seconds / 60) % 60, 'm'],
    [seconds % 60, 's'],
  ] as const;
  const text = parts.filter(([count]) => count > 0).map(([count, unit]) => `${count}${unit}`);
  return text.length > 0 ? text.join('') : '0s';
}

/** `.5` seconds as protobuf's JSON mapping writes them: nothing, or 3, 6 or 9 digits. */
export function fractionOf(nanos: number): string {
  if (nanos === 0) return '';
  const digits = String(nanos).padStart(9, '0');
  return `.${digits.replace(/(000){1,2}$/, '')}`;
}
