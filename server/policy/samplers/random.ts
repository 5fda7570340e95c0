/** Independent random points. */
import { uniformOf } from '../../domain/random.js';
import type { SamplerKind } from './sampler.js';

/** A coordinate depends on the seed, the draw and the parameter's path alone. Draws have no end. */
export const randomSampler: SamplerKind = {
  name: 'random',
  summary: 'Independent random points, even on the scale of each parameter.',
  useWhen: 'Nothing is known about the space, or another sampler is to be judged against it.',
  startsFromDefaults: true,
  check(_spec, { dimensions }) {
    return dimensions.length > 0
      ? []
      : [{ field: 'parameters', description: 'must hold at least one parameter' }];
  },
  create(_spec, space, seed) {
    const coordinates = space.dimensions.map(({ path }) => uniformOf(seed, path));
    return {
      size: Infinity,
      draw: (draw) => space.prune(coordinates.map((coordinate) => coordinate(draw))),
    };
  },
};
