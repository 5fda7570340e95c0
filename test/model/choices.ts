/** What the commands of the model tests choose among, and how a choice is understood by a world. */
import fc from 'fast-check';
import { Action, chosen, type Run } from './action.js';
import { kindNames, type Design } from './study-kinds.js';
import type { HandOut, StudyModel } from './study-model.js';
import type { Metric } from './worker-calls.js';
import { clientCount, type World } from './world.js';

export const pick = fc.nat({ max: 1000 });
/** Mostly the same: who loses trials is who asks again. */
export const client = fc.oneof(
  ...[4, 2, 1].map((weight, number) => ({ weight, arbitrary: fc.constant(number % clientCount) })),
);
export const often = (percent: number) => fc.nat({ max: 99 }).map((drawn) => drawn < percent);

/** Weighted choice among constants. */
export function among<T>(...choices: (readonly [weight: number, value: T])[]): fc.Arbitrary<T> {
  return fc.oneof(...choices.map(([weight, value]) => ({ weight, arbitrary: fc.constant(value) })));
}

export const value = fc.oneof(
  { weight: 8, arbitrary: fc.integer({ min: -3, max: 3 }) },
  { weight: 1, arbitrary: fc.constantFrom(Number.NaN, Infinity, -Infinity, -0, 5e-324) },
);

export const design: fc.Arbitrary<Design> = fc.record({
  kind: fc.constantFrom(...kindNames),
  space: fc.constantFrom('line', 'tree'),
  sampler: fc.constantFrom('random', 'sobol'),
  maximize: fc.boolean(),
  twoMetrics: often(25),
  maxTrials: fc.integer({ min: 4, max: 14 }),
  maxParallel: fc.constantFrom(0, 0, 2, 3),
  maxTotalResource: among([4, 0], [1, 25], [1, 60]),
  maxAttempts: fc.constantFrom(2, 3),
});

export function studyOf(world: World, at: number): StudyModel | undefined {
  return chosen(world.studies.values(), at);
}

/** One of the hand-outs: mostly one that still stands, sometimes one that has been replaced or was never given. */
export type Whose = 'held' | 'any' | 'future' | 'nobody';
export const whose = among<Whose>([12, 'held'], [4, 'any'], [1, 'future'], [1, 'nobody']);

export function handOutOf(study: StudyModel, how: Whose, at: number): HandOut | undefined {
  const held = [...study.holds].map(([trial, hold]) => ({
    trial,
    attempt: hold.attempt,
    client: hold.client,
  }));
  if (how === 'held') return chosen(held, at);
  if (how === 'any') return chosen(study.handOuts, at);
  const trial = how === 'nobody' ? study.lastId + 1 : (chosen(study.trials, at)?.id ?? 1);
  return {
    trial,
    attempt: how === 'nobody' ? 1 : (study.snapshot.trials.get(trial)?.attempts ?? 0) + 1,
    client: 'w0',
  };
}

/** Where a report stands: from what the attempt knows and is to reach. */
export type Step = 'next' | 'target' | 'past' | 'again' | 'below' | 'zero' | 'negative';
export const step = among<Step>(
  [5, 'next'],
  [8, 'target'],
  [2, 'past'],
  [3, 'again'],
  [2, 'below'],
  [1, 'zero'],
  [1, 'negative'],
);

export function stepOf(study: StudyModel, { trial, attempt }: HandOut, how: Step, at: number): number {
  const last = study.lastOf(trial, attempt);
  switch (how) {
    case 'next':
      return last + 1;
    case 'target':
      return study.snapshot.trials.get(trial)?.assignment?.toResource || last + 1;
    case 'past':
      return last + 20;
    case 'again':
      return (
        chosen(
          study.measurements(trial).filter((it) => it.attempt === attempt),
          at,
        )?.step ?? last + 1
      );
    case 'below':
      return Math.max(0, last - 1);
    case 'zero':
      return 0;
    case 'negative':
      return -1;
  }
}

export type What = 'ranking' | 'all' | 'other' | 'unknown' | 'none' | 'twice' | 'same';
export const what = among<What>(
  [10, 'ranking'],
  [4, 'all'],
  [2, 'other'],
  [1, 'unknown'],
  [1, 'none'],
  [1, 'twice'],
  [4, 'same'],
);

export function metricsOf(
  world: World,
  study: StudyModel,
  how: What,
  number: number,
  known: ReadonlyMap<string, number> | undefined,
): Metric[] {
  const names = study.snapshot.study.spec!.metrics.map(({ name }) => name);
  const loss = { name: 'loss', value: number };
  // Known values are as they were sent, which for a world of other signs is the other way round.
  if (how === 'same' && known)
    return [...known].map(([name, was]) => ({ name, value: world.negated ? -was : was }));
  if (how === 'all' || how === 'same') return names.map((name) => ({ name, value: number }));
  if (how === 'other') return [{ name: names[1] ?? 'loss', value: number }];
  if (how === 'unknown') return [loss, { name: 'nobody', value: 1 }];
  if (how === 'none') return [];
  return how === 'twice' ? [loss, loss] : [loss];
}

export type Play<A> = (world: World, study: StudyModel, action: A) => Promise<void>;

export function action<A extends { readonly study: number }>(
  name: string,
  data: fc.Arbitrary<Omit<A, 'study'>>,
  play: Play<A>,
) {
  const run: Run<A> = async (world, given) => {
    const study = studyOf(world, given.study);
    if (study) await play(world, study, given);
  };
  return fc
    .record({ study: pick, data })
    .map((it) => new Action(name, { study: it.study, ...it.data } as unknown as A, run));
}

export interface On {
  readonly study: number;
}
