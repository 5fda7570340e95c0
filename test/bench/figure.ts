/** How figures are written. */
import type { Spread } from './statistics.js';

/** Three digits that count; thousands apart. */
export function amount(value: number): string {
  return Number(value.toPrecision(3)).toLocaleString('en', { maximumFractionDigits: 6 });
}

/** `0.66 (0.56–0.93)`. */
export function range({ median, low, high }: Spread, decimals: number): string {
  return `${median.toFixed(decimals)} (${low.toFixed(decimals)}–${high.toFixed(decimals)})`;
}

/** `1e6`, `2.5e3`. */
export function power(value: number): string {
  return value.toExponential().replace('+', '');
}
