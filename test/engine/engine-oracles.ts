/** Random studies of each scheduler, each with the oracle that says what it must do. */
import fc from 'fast-check';
import type { StudySpec } from '../../server/gen/wazir/v1/study.js';
import { AsynchronousOracle } from '../policy/schedulers/oracles/asynchronous.js';
import { exactLadder, exactSizes, valueOf, type Fraction } from '../policy/schedulers/oracles/exact.js';
import type { Oracle, Place } from '../policy/schedulers/oracles/oracle.js';
import { SynchronousOracle } from '../policy/schedulers/oracles/synchronous.js';
import type { Given } from './study-driver.js';

export interface OracleStudy {
  readonly spec: Given<typeof StudySpec>;
  /** Steps of bracket 0. */
  readonly ladder: readonly number[];
  readonly max: number;
  oracle(): Oracle;
}

type Scheduler = NonNullable<Given<typeof StudySpec>['scheduler']>['kind'];

const sizes = fc.record({
  eta: fc
    .constantFrom<[bigint, bigint]>([2n, 1n], [2n, 1n], [3n, 1n], [5n, 2n])
    .map(([over, under]): Fraction => ({ over, under })),
  min: fc.integer({ min: 1, max: 3 }),
  // Mostly three or four rungs.
  ratio: fc.oneof(
    { weight: 5, arbitrary: fc.integer({ min: 4, max: 12 }) },
    { weight: 1, arbitrary: fc.integer({ min: 1, max: 3 }) },
  ),
  extra: fc.integer({ min: 0, max: 2 }),
  bracket: fc.nat({ max: 1 }),
  more: fc.nat({ max: 4 }),
  rounds: fc.nat({ max: 2 }),
});

interface Sizes {
  readonly eta: Fraction;
  readonly min: number;
  readonly max: number;
  readonly ladder: readonly number[];
  readonly bracket: number;
  readonly more: number;
  readonly rounds: number;
}

function studies(make: (it: Sizes) => { scheduler: Scheduler; oracle: () => Oracle; ladder?: number[] }) {
  return sizes.map(({ min, ratio, extra, ...rest }): OracleStudy => {
    const max = min * ratio + extra;
    const ladder = exactLadder(min, max, rest.eta);
    const bracket = Math.min(rest.bracket, ladder.length - 1);
    const made = make({ ...rest, min, max, ladder, bracket });
    const spec = { resource: { name: 'epoch', min, max }, scheduler: { kind: made.scheduler } };
    return { spec, ladder: made.ladder ?? ladder, max, oracle: made.oracle };
  });
}

/** `single` is one rung at the maximum. */
class SingleOracle extends AsynchronousOracle {
  constructor(max: number) {
    super(max, max, { over: 2n, under: 1n }, [0], false);
  }

  override place(trial: number): Place {
    return { ...super.place(trial), bracket: 0, rung: 0 };
  }
}

export const oracleStudies: Readonly<Record<string, fc.Arbitrary<OracleStudy>>> = {
  single: studies(({ max }) => ({
    scheduler: { $case: 'single', value: {} },
    oracle: () => new SingleOracle(max),
    ladder: [max],
  })),

  asha: studies(({ min, max, eta, bracket }) => ({
    scheduler: { $case: 'asha', value: { eta: valueOf(eta), bracket } },
    oracle: () => new AsynchronousOracle(min, max, eta, [bracket], false),
  })),

  asha_stopping: studies(({ min, max, eta, bracket, more }) => ({
    scheduler: { $case: 'ashaStopping', value: { eta: valueOf(eta), bracket, minSamples: more } },
    oracle: () => new AsynchronousOracle(min, max, eta, [bracket], true, more),
  })),

  'async_hyperband by promotion': asynchronous(false),
  'async_hyperband by stopping': asynchronous(true),

  successive_halving: studies(({ eta, ladder, bracket, more, rounds }) => {
    const power = BigInt(ladder.length - 1 - bracket);
    const least = Number((eta.over ** power + eta.under ** power - 1n) / eta.under ** power);
    const n = least + more;
    const plan = { bracket, rungs: ladder.slice(bracket), n };
    return {
      scheduler: { $case: 'successiveHalving', value: { eta: valueOf(eta), bracket, trials: n, rounds } },
      oracle: () => new SynchronousOracle(eta, [plan], rounds || Infinity),
    };
  }),

  hyperband: studies(({ eta, ladder, rounds }) => {
    const plans = exactSizes(ladder.length, eta, false).map((n, bracket) => {
      return { bracket, rungs: ladder.slice(bracket), n };
    });
    return {
      scheduler: { $case: 'hyperband', value: { eta: valueOf(eta), rounds } },
      oracle: () => new SynchronousOracle(eta, plans, rounds || Infinity),
    };
  }),
};

function asynchronous(stopping: boolean): fc.Arbitrary<OracleStudy> {
  return studies(({ min, max, eta, ladder }) => {
    const brackets = ladder.map((_, bracket) => bracket);
    return {
      scheduler: { $case: 'asyncHyperband', value: { eta: valueOf(eta), stopping } },
      oracle: () => new AsynchronousOracle(min, max, eta, brackets, stopping),
    };
  });
}
