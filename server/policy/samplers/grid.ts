/** Every point of a grid, once. */
import { permutation } from '../../domain/random.js';
import { checkGridAxis } from './grid-axis.js';
import { gridTree } from './grid-tree.js';
import type { SamplerKind } from './sampler.js';

/**
 * Draw n is point n of the grid, or that of a permutation fixed by the seed where
 * `shuffle` is set. A parameter is combined with its children where they are
 * active, and counts once where they are not.
 */
export const gridSampler: SamplerKind = {
  name: 'grid',
  summary: 'Every combination of the parameters, each once; then the study ends.',
  useWhen: 'There are few parameters with few values each, and all combinations are wanted.',
  startsFromDefaults: false,
  check(_spec, space) {
    const found = space.dimensions.flatMap(checkGridAxis);
    if (found.length > 0 || gridTree(space).size <= Number.MAX_SAFE_INTEGER) return found;
    return [
      { field: 'sampler.grid', description: 'the grid has more than 2^53 − 1 points: set fewer grid_points' },
    ];
  },
  create(spec, space, seed) {
    const tree = gridTree(space);
    const kind = spec.sampler?.kind;
    const order =
      kind?.$case === 'grid' && kind.value.shuffle ? permutation(tree.size, seed) : (draw: number) => draw;
    return { size: tree.size, draw: (draw) => (draw < tree.size ? tree.point(order(draw)) : undefined) };
  },
};
