/**
 * The steps at which trials are compared, and the counts that go with them.
 *
 * All by multiplication: floor(log(243) / log(3)) is 4 and floor(log(1000) /
 * log(10)) is 2 in floating point, which would cost a study its lowest rung.
 */
import type { ResourceSpec } from '../../domain/spec.js';

/**
 * How far, relatively, a power of a fractional eta, or what it divides, may miss
 * the whole number that it is in exact arithmetic: 53 multiplications, each with
 * half a unit in the last place of its own and as much of eta's. With a whole eta
 * everything here is exact below 2^53.
 */
function slackOf(eta: number): number {
  return Number.isInteger(eta) ? 0 : 53 * Number.EPSILON;
}

/** The largest whole number that is not above x, computed with powers of eta, but for rounding errors. */
function floorOf(x: number, eta: number): number {
  return Math.floor(x * (1 + slackOf(eta)));
}

/** The smallest whole number that is not below x, computed with powers of eta, but for rounding errors. */
export function ceilOf(x: number, eta: number): number {
  return Math.ceil(x * (1 - slackOf(eta)));
}

/** eta^exponent for a whole exponent of 0 or more; exact for a whole eta below 2^53. */
export function power(eta: number, exponent: number): number {
  let product = 1;
  for (let k = 0; k < exponent; k++) product *= eta;
  return product;
}

/**
 * How many of n are promoted: floor(n / eta).
 * @param n trials in the rung, 0 or more
 */
export function topOf(n: number, eta: number): number {
  return floorOf(n / eta, eta);
}

/**
 * The largest s for which min · eta^s ≤ max: the number of rungs below the maximum.
 * @param resource with `max` ≥ `min`; a `min` of 0 means 1
 */
export function deepest(resource: ResourceSpec, eta: number): number {
  const max = resource.max * (1 + slackOf(eta));
  let s = 0;
  for (let low = Math.max(resource.min, 1) * eta; low <= max; low *= eta) s++;
  return s;
}

/**
 * The ladder of a study: rung k is floor(max · eta^(k − s_max)), k = 0 … s_max, so
 * that the last is always the maximum. Bracket b of the study leaves out the b
 * lowest. Equal rungs are merged; with eta ≥ 2 and min ≥ 1 there are none.
 * (Li et al. 2018, Algorithm 1: r_i = R · eta^(i − s); ASHA paper, Algorithm 2.)
 * @param eta above 1
 * @returns rising steps, at least one
 */
export function ladderOf(resource: ResourceSpec, eta: number): number[] {
  const sMax = deepest(resource, eta);
  const rungs: number[] = [];
  for (let k = 0; k <= sMax; k++) {
    const rung = Math.max(floorOf(resource.max / power(eta, sMax - k), eta), 1);
    if (rung !== rungs.at(-1)) rungs.push(rung);
  }
  return rungs;
}
