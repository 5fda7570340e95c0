import { HyperbandRounding } from '../../domain/spec.js';
import { ceilOf, power } from './ladder.js';

/**
 * How many trials start each of Hyperband's brackets, from the most aggressive.
 *
 * With s = s_max, s_max − 1, … 0: by Algorithm 1 of Li et al. (2018), n = ceil((B /
 * R) · eta^s / (s + 1)) with B = (s_max + 1) · R; by the paper's Table 1, n =
 * floor((s_max + 1) / (s + 1)) · eta^s. The paper contradicts itself here: for R =
 * 81 and eta = 3 the former gives 81, 34, 15, 8, 5, the latter 81, 27, 9, 6, 5.
 * @param sMax brackets less one
 */
export function hyperbandSizes(sMax: number, eta: number, rounding: HyperbandRounding): number[] {
  return Array.from({ length: sMax + 1 }, (_, bracket) => {
    const s = sMax - bracket;
    return rounding === HyperbandRounding.TABLE_1
      ? ceilOf(Math.floor((sMax + 1) / (s + 1)) * power(eta, s), eta)
      : ceilOf(((sMax + 1) * power(eta, s)) / (s + 1), eta);
  });
}
