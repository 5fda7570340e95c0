/** The samplers that this server has. */
import type { StudySpec } from '../../domain/spec.js';
import { gridSampler } from './grid.js';
import { randomSampler } from './random.js';
import type { SamplerKind } from './sampler.js';
import { sobolSampler } from './sobol.js';

export const samplers: readonly SamplerKind[] = [randomSampler, gridSampler, sobolSampler];

/** The sampler that a spec names; random where it names none. */
export function samplerOf(spec: StudySpec): SamplerKind {
  const name = spec.sampler?.kind?.$case ?? randomSampler.name;
  const found = samplers.find((sampler) => sampler.name === name);
  if (found === undefined) throw new RangeError(`there is no sampler ${name}`);
  return found;
}
