import type { v1 } from '../../src/index.js';

/** How many trials have reached each rung, kept up to date from a study's changes. */
export class Rungs {
  /** The steps of the rungs, lowest first. */
  readonly ladder: readonly number[];
  readonly #reached = new Map<number, number>();
  readonly #best = { value: -Infinity, trial: 0, epoch: 0 };

  /** @param ladder epochs of each rung. */
  constructor(ladder: readonly number[]) {
    this.ladder = ladder;
  }

  /** The best value so far, whose it is and after how many epochs. */
  get best(): Readonly<{ value: number; trial: number; epoch: number }> {
    return this.#best;
  }

  /** Takes the latest state of a trial; returns whether it is now the best. */
  take({ id, scheduling, bestMeasurement }: v1.Trial): boolean {
    this.#reached.set(id, scheduling?.results.length ?? 0);
    const value = bestMeasurement?.metrics[0]?.value;
    if (value === undefined || !(value > this.#best.value)) return false;
    Object.assign(this.#best, { value, trial: id, epoch: bestMeasurement!.step });
    return true;
  }

  /** For each rung, how many trials have a result there. */
  counts(): number[] {
    const reached = [...this.#reached.values()];
    return this.ladder.map((_, rung) => reached.filter((results) => results > rung).length);
  }
}

/** The rungs from 1 to `max`, a factor of `eta` apart. */
export function ladder(max: number, eta: number): number[] {
  const rungs = [max];
  while (rungs[0]! >= eta) rungs.unshift(Math.floor(rungs[0]! / eta));
  return rungs;
}
