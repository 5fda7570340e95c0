/** 64-bit hashes of parameters' paths, by which each gets a random stream of its own. */

const offset = 0xcbf29ce484222325n;
const prime = 0x100000001b3n;
// A bound, not a tuning: paths come from clients, and studies go.
const maxCached = 16_384;
const cache = new Map<string, readonly [number, number]>();

/**
 * FNV-1a (Fowler, Noll, Vo) of the UTF-8 bytes of a text.
 * @returns the lower and the upper 32 bits, unsigned
 */
export function pathHash(path: string): readonly [number, number] {
  const cached = cache.get(path);
  if (cached !== undefined) return cached;
  let hash = offset;
  for (const byte of new TextEncoder().encode(path)) hash = BigInt.asUintN(64, (hash ^ BigInt(byte)) * prime);
  const words = [Number(hash & 0xffffffffn), Number(hash >> 32n)] as const;
  if (cache.size >= maxCached) cache.clear();
  cache.set(path, words);
  return words;
}
