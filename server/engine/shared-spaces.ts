/**
 * Compiled search spaces, one for all studies in memory that search the same: a space
 * of 8 parameters takes 14 of the 37 KB that an open study holds, and whoever keeps a
 * hundred thousand studies open makes them from few templates.
 */
import { encode } from '../codec/encode.js';
import { compileSpace, type Space } from '../domain/space.js';
import type { ParameterSpec } from '../domain/spec.js';
import { StudySpec } from '../gen/wazir/v1/study.js';

/** Longer ones are rare, and their texts would take more than is saved. */
const longestBytes = 4096;

export class SharedSpaces {
  /** By the encoded parameters, each byte a character. */
  readonly #known = new Map<string, WeakRef<Space>>();
  readonly #forget = new FinalizationRegistry<string>((text) => {
    if (!this.#known.get(text)?.deref()) this.#known.delete(text);
  });
  readonly #empty = StudySpec.fromPartial({});

  /** The space of parameters that have been checked. */
  of(parameters: readonly ParameterSpec[]): Space {
    const bytes = encode(StudySpec, { ...this.#empty, parameters: [...parameters] });
    if (bytes.length > longestBytes) return compileSpace(parameters);
    const text = bytes.toString('latin1');
    const known = this.#known.get(text)?.deref();
    if (known) return known;
    const space = compileSpace(parameters);
    this.#known.set(text, new WeakRef(space));
    this.#forget.register(space, text);
    return space;
  }

  /** How many are known. */
  get size(): number {
    return this.#known.size;
  }
}
