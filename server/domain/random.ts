/**
 * Randomness by counter: each number is a function of what it is for, not of what
 * was drawn before it.
 */
import { pathHash } from './path-hash.js';
import { philox, type Key } from './philox.js';

/**
 * A random number, evenly spread over [0, 1): a multiple of 2^-53, never 1.
 *
 * Philox4x32-10 with the seed as key, and draw and path as counter. Numbers of
 * different draws never share a block; those of different paths or streams do so
 * with a probability of about 2^-64.
 *
 * @param seed any whole number within ±(2^53 − 1)
 * @param draw number of the draw, 0 to 2^53 − 1
 * @param path what the number is for, such as a parameter's path
 * @param stream 0 to 2^32 − 1, where one draw needs several numbers for one path
 */
export function uniform(seed: number, draw: number, path: string, stream = 0): number {
  return uniformOf(seed, path, stream)(draw);
}

/** `uniform` of one path, by draw: for whoever draws many. */
export function uniformOf(seed: number, path: string, stream = 0): (draw: number) => number {
  const block = blocksOf(seed, path, stream);
  return (draw) => {
    const [first, second] = block(draw);
    return ((first >>> 5) * 2 ** 26 + (second >>> 6)) / 2 ** 53;
  };
}

/** As `uniform`: 32 random bits, unsigned. */
export function randomWord(seed: number, draw: number, path: string, stream = 0): number {
  return blocksOf(seed, path, stream)(draw)[0];
}

/**
 * A random permutation of 0 … size − 1, fixed by a seed, in constant memory: a
 * Feistel network over the next power of 4, walked until it is back in range
 * (Black and Rogaway: Ciphers with arbitrary finite domains, CT-RSA 2002).
 *
 * @param size a whole number from 1 to 2^53 − 1
 * @returns the permutation: index in, place out
 */
export function permutation(size: number, seed: number): (index: number) => number {
  if (!Number.isSafeInteger(size) || size < 1) throw new RangeError(`no permutation of ${size} places`);
  const key = seedKey(seed);
  let half = 2;
  while (half * half < size) half *= 2;
  const scramble = ([left, right]: Halves): Halves => {
    for (let round = 0; round < feistelRounds; round++) {
      // With the size in it, grids of different sizes under one seed go in unlike orders.
      const mask = philox([right, round, size >>> 0, Math.floor(size / 2 ** 32)], key)[0] & (half - 1);
      [left, right] = [right, left ^ mask];
    }
    return [left, right];
  };
  return (index) => {
    if (!Number.isSafeInteger(index) || index < 0 || index >= size)
      throw new RangeError(`${index} is not within 0 to ${size - 1}`);
    // The halves and not their sum are carried on: out of range it may pass 2^53.
    let halves: Halves = [Math.floor(index / half), index % half];
    for (;;) {
      halves = scramble(halves);
      const place = halves[0] * half + halves[1];
      if (place < size) return place;
    }
  };
}

// Four make a network pseudo-random for large halves (Luby and Rackoff 1988); small halves need more.
const feistelRounds = 10;

/** Two numbers below the same power of two, at most 2^27. */
type Halves = readonly [number, number];

function blocksOf(seed: number, path: string, stream: number) {
  const [low, high] = pathHash(path);
  const streamed = (high + stream) >>> 0;
  const key = seedKey(seed);
  return (draw: number) => philox([draw >>> 0, Math.floor(draw / 2 ** 32), low, streamed], key);
}

/** The seed as 64 bits in two's complement. */
function seedKey(seed: number): Key {
  return [seed >>> 0, Math.floor(seed / 2 ** 32) >>> 0];
}
