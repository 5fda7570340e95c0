/** A command of the model tests: data that is printed when it fails, and what it does. */
import type fc from 'fast-check';
import type { World } from './world.js';

export type Run<A> = (world: World, action: A) => Promise<void>;

/** An action as fast-check plays it. What it does depends on the world alone, so that shrinking keeps its sense. */
export class Action<A extends object> implements fc.AsyncCommand<object, World> {
  constructor(
    readonly name: string,
    readonly data: A,
    private readonly play: Run<A>,
  ) {}

  check(): boolean {
    return true;
  }

  async run(_model: object, world: World): Promise<void> {
    await this.play(world, this.data);
  }

  toString(): string {
    return `${this.name}(${JSON.stringify(this.data, (_, value: unknown) => (typeof value === 'number' && !Number.isFinite(value) ? String(value) : value))})`;
  }
}

/** One of several by a number that knows nothing of them. */
export function chosen<T>(from: Iterable<T>, pick: number): T | undefined {
  const all = [...from];
  return all[pick % Math.max(1, all.length)];
}
