/** The Sobol sequence in base 2, 32 bits, and its scrambling. */
import { initialDirections, sobolDimensions } from './sobol-directions.js';

const bits = 32;
let directions: Uint32Array | undefined;

/**
 * One coordinate of a point of the unscrambled sequence, in units of 2^-32.
 *
 * In the order of Antonov and Saleev (Gray code), as Joe and Kuo's own program
 * and scipy.stats.qmc.Sobol give it: point 0 is the origin.
 *
 * @param index number of the point, 0 to 2^32 − 1
 * @param dimension 0 to 999
 */
export function sobolDigits(index: number, dimension: number): number {
  directions ??= expand();
  const first = dimension * bits;
  let gray = (index ^ (index >>> 1)) >>> 0;
  let digits = 0;
  for (let bit = first; gray !== 0; bit++, gray >>>= 1) if (gray & 1) digits ^= directions[bit]!;
  return digits >>> 0;
}

/**
 * Hash-based Owen scrambling: a random flip of each digit that depends on all
 * higher ones, so that every stratum keeps its one point (Burley: Practical
 * hash-based Owen scrambling, JCGT 9(4), 2020, listing 3, with its constants for
 * the hash of Laine and Karras 2011).
 *
 * @param digits coordinate in units of 2^-32
 * @param seed 32 bits, its own for each dimension
 */
export function owenScramble(digits: number, seed: number): number {
  let x = (reverseBits(digits) + seed) | 0;
  x ^= Math.imul(x, 0x6c50b47c);
  x ^= Math.imul(x, 0xb82f1e52);
  x ^= Math.imul(x, 0xc7afe638);
  x ^= Math.imul(x, 0x8d22f6e6);
  return reverseBits(x);
}

/** The direction numbers of each dimension, `bits` in a row, by the recurrence of Joe and Kuo 2008, section 2. */
function expand(): Uint32Array {
  const all = new Uint32Array(sobolDimensions * bits);
  for (let bit = 0; bit < bits; bit++) all[bit] = 2 ** (bits - 1 - bit);
  initialDirections().forEach(({ degree, coefficients, initial }, index) => {
    const own = all.subarray((index + 1) * bits, (index + 2) * bits);
    for (let bit = 0; bit < bits; bit++) {
      if (bit < degree) {
        own[bit] = initial[bit]! * 2 ** (bits - 1 - bit);
        continue;
      }
      let next = own[bit - degree]! ^ (own[bit - degree]! >>> degree);
      for (let back = 1; back < degree; back++)
        if ((coefficients >>> (degree - 1 - back)) & 1) next ^= own[bit - back]!;
      own[bit] = next;
    }
  });
  return all;
}

function reverseBits(word: number): number {
  let x = word;
  x = ((x >>> 1) & 0x55555555) | ((x & 0x55555555) << 1);
  x = ((x >>> 2) & 0x33333333) | ((x & 0x33333333) << 2);
  x = ((x >>> 4) & 0x0f0f0f0f) | ((x & 0x0f0f0f0f) << 4);
  x = ((x >>> 8) & 0x00ff00ff) | ((x & 0x00ff00ff) << 8);
  return ((x >>> 16) | (x << 16)) >>> 0;
}
