/**
 * The contract of samplers: where the points of a study come from.
 *
 * A sampler is a pure function of the study's spec, the seed and the number of
 * the draw. It reads no clock, no `Math.random` and does no I/O, so that order of
 * arrival, retries and restarts can not shift a draw.
 *
 * Guarantees that every sampler gives (`test/policy/samplers/conformance.ts`):
 * - a point lies in the unit cube of the compiled space; the coordinate of a
 *   parameter that is inactive at that point is NaN, all others are in [0, 1];
 * - `draw(n)` gives the same point whenever and however often it is asked;
 * - with a finite `size`, draws 0 … size − 1 give points and all later ones
 *   `undefined`.
 *
 * A new sampler is one file here, its settings in `SamplerSpec`, and one line in
 * `index.ts`.
 */
import type { Violation } from '../../domain/errors.js';
import type { Point, Space } from '../../domain/space.js';
import type { StudySpec } from '../../domain/spec.js';

export interface Sampler {
  /** How many draws there are: a whole number below 2^53, or Infinity. */
  readonly size: number;
  /**
   * The point of a draw.
   * @param draw number of the draw, from 0
   * @returns the point, or undefined where `draw` ≥ `size`
   */
  draw(draw: number): Point | undefined;
}

/** What makes samplers of one kind; the name is that of its case in `SamplerSpec.kind`. */
export interface SamplerKind {
  readonly name: string;
  /** What it does, in a sentence. */
  readonly summary: string;
  /** When to use it, in a sentence. */
  readonly useWhen: string;
  /** Whether draw 0 is to be the point of the parameters' defaults, where each active one has a default. */
  readonly startsFromDefaults: boolean;
  /**
   * What is wrong with a spec for this sampler; fields relative to the spec, such
   * as `sampler.grid` or `parameters[1].grid_points`. The spec's space compiles.
   */
  check(spec: StudySpec, space: Space): Violation[];
  /** Makes the sampler of a study whose spec `check` has passed. */
  create(spec: StudySpec, space: Space, seed: number): Sampler;
}
