import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { HyperbandRounding } from '../../../server/domain/spec.js';
import { agree, interleavings } from './interleaving.js';
import { AsynchronousOracle } from './oracles/asynchronous.js';
import { exactLadder, exactSizes, valueOf, type Fraction } from './oracles/exact.js';
import { SynchronousOracle } from './oracles/synchronous.js';
import { specOf } from './spec.js';

const RUNS = { numRuns: 100, includeErrorInReport: true };

const eta = fc.constantFrom<[bigint, bigint]>([2n, 1n], [3n, 1n], [4n, 1n], [5n, 2n], [11n, 5n]);
const study = fc.record({
  eta: eta.map(([over, under]): Fraction => ({ over, under })),
  min: fc.integer({ min: 1, max: 4 }),
  // Up to four rungs, so that trials reach the last.
  ratio: fc.integer({ min: 1, max: 30 }),
  extra: fc.integer({ min: 0, max: 3 }),
  limit: fc.integer({ min: 1, max: 40 }),
  bracket: fc.nat({ max: 3 }),
  events: interleavings,
});

function range({ min, ratio, extra }: { min: number; ratio: number; extra: number }): [number, number] {
  return [min, min * ratio + extra];
}

test('asha agrees with Algorithm 2 in any interleaving', () => {
  fc.assert(
    fc.property(study, (it) => {
      const [min, max] = range(it);
      const bracket = Math.min(it.bracket, exactLadder(min, max, it.eta).length - 1);
      const spec = specOf({ $case: 'asha', value: { eta: valueOf(it.eta), bracket } }, max, min);
      agree(spec, it.limit, it.events, new AsynchronousOracle(min, max, it.eta, [bracket], false));
    }),
    RUNS,
  );
});

test('asha_stopping agrees with its definition in any interleaving', () => {
  fc.assert(
    fc.property(study, fc.nat({ max: 4 }), (it, minSamples) => {
      const [min, max] = range(it);
      const bracket = Math.min(it.bracket, exactLadder(min, max, it.eta).length - 1);
      const spec = specOf(
        { $case: 'ashaStopping', value: { eta: valueOf(it.eta), bracket, minSamples } },
        max,
        min,
      );
      agree(spec, it.limit, it.events, new AsynchronousOracle(min, max, it.eta, [bracket], true, minSamples));
    }),
    RUNS,
  );
});

test('async_hyperband agrees with its definition in any interleaving, promoting and stopping', () => {
  fc.assert(
    fc.property(study, fc.boolean(), (it, stopping) => {
      const [min, max] = range(it);
      const all = exactLadder(min, max, it.eta).length;
      const brackets = Math.min(it.bracket, all);
      const used = Array.from({ length: brackets || all }, (_, bracket) => bracket);
      const spec = specOf(
        { $case: 'asyncHyperband', value: { eta: valueOf(it.eta), brackets, stopping } },
        max,
        min,
      );
      agree(spec, it.limit, it.events, new AsynchronousOracle(min, max, it.eta, used, stopping));
    }),
    RUNS,
  );
});

test('successive_halving agrees with Algorithm 1 in any interleaving', () => {
  fc.assert(
    fc.property(study, fc.nat({ max: 6 }), fc.nat({ max: 3 }), (it, more, rounds) => {
      const [min, max] = range(it);
      const ladder = exactLadder(min, max, it.eta);
      const bracket = Math.min(it.bracket, ladder.length - 1);
      const { over, under } = it.eta;
      const power = BigInt(ladder.length - 1 - bracket);
      const trials = Number((over ** power + under ** power - 1n) / under ** power) + more;
      const spec = specOf(
        { $case: 'successiveHalving', value: { eta: valueOf(it.eta), bracket, trials, rounds } },
        max,
        min,
      );
      const plan = { bracket, rungs: ladder.slice(bracket), n: trials };
      agree(spec, it.limit, it.events, new SynchronousOracle(it.eta, [plan], rounds || Infinity));
    }),
    RUNS,
  );
});

test('hyperband agrees with Algorithm 1 in any interleaving', () => {
  fc.assert(
    fc.property(study, fc.boolean(), fc.nat({ max: 3 }), (it, table, rounds) => {
      const [min, max] = range(it);
      const ladder = exactLadder(min, max, it.eta);
      const rounding = table ? HyperbandRounding.TABLE_1 : HyperbandRounding.ALGORITHM_1;
      const spec = specOf(
        { $case: 'hyperband', value: { eta: valueOf(it.eta), rounding, rounds } },
        max,
        min,
      );
      const plans = exactSizes(ladder.length, it.eta, table).map((n, bracket) => {
        return { bracket, rungs: ladder.slice(bracket), n };
      });
      agree(spec, it.limit, it.events, new SynchronousOracle(it.eta, plans, rounds || Infinity));
    }),
    RUNS,
  );
});

test('the interleavings go where it matters: rungs close, trials are promoted to the maximum', () => {
  const seen = new Set<string>();
  fc.assert(
    fc.property(interleavings, (events) => {
      const spec = specOf({ $case: 'hyperband', value: { eta: 2, rounding: 0, rounds: 0 } }, 4);
      const plans = [4, 3, 3].map((n, bracket) => ({ bracket, rungs: [1, 2, 4].slice(bracket), n }));
      const driver = agree(spec, 40, events, new SynchronousOracle({ over: 2n, under: 1n }, plans, Infinity));
      for (const { scheduling, fate } of driver.trials.values()) seen.add(`${fate}@${scheduling.rung}`);
    }),
    { ...RUNS, numRuns: 50, seed: 1 },
  );
  for (const place of ['outranked@0', 'outranked@1', 'completed@2', 'failed@1', 'infeasible@1', 'ended@1']) {
    assert.ok(seen.has(place), place);
  }
});
