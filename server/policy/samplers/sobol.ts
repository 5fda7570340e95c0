/** A scrambled Sobol sequence: one dimension of it for each parameter, conditional ones included. */
import { randomWord } from '../../domain/random.js';
import type { Space } from '../../domain/space.js';
import type { StudySpec } from '../../domain/spec.js';
import type { SamplerKind } from './sampler.js';
import { sobolDimensions } from './sobol-directions.js';
import { owenScramble, sobolDigits } from './sobol-sequence.js';

/**
 * Draw n is point n of the sequence. A parameter's dimension is its place in the
 * space, its scrambling follows from the seed and its path: a coordinate depends on
 * the seed, the draw and the parameter alone. Coordinates lie in the middle of
 * 2^32 cells, so never at 0 or 1. There are 2^32 draws.
 */
export const sobolSampler: SamplerKind = {
  name: 'sobol',
  summary: 'Points of a scrambled Sobol sequence, which fill the space more evenly than chance does.',
  useWhen:
    'Few trials are to cover the space well; best with up to some twenty parameters and a power of two of trials.',
  startsFromDefaults: true,
  check(_spec: StudySpec, { dimensions }: Space) {
    if (dimensions.length === 0)
      return [{ field: 'parameters', description: 'must hold at least one parameter' }];
    if (dimensions.length > sobolDimensions)
      return [{ field: 'parameters', description: `must hold at most ${sobolDimensions} parameters in all` }];
    return [];
  },
  create(_spec, space, seed) {
    const seeds = space.dimensions.map(({ path }) => randomWord(seed, 0, path, scramblingStream));
    return {
      size: 2 ** 32,
      draw(draw) {
        if (draw >= 2 ** 32) return undefined;
        return space.prune(
          seeds.map((own, dimension) => (owenScramble(sobolDigits(draw, dimension), own) + 0.5) / 2 ** 32),
        );
      },
    };
  },
};

// Stream 0 belongs to the random sampler.
const scramblingStream = 1;
