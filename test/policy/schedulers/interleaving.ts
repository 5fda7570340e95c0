/**
 * Random interleavings of all that can happen to a scheduler, each event told to
 * the scheduler and to an oracle, which must agree on every answer; and at each
 * moment a scheduler restored from the records must decide as the one that lived
 * through it.
 */
import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { StudySpec } from '../../../server/domain/spec.js';
import { RungResultKind } from '../../../server/domain/spec.js';
import { Driver, type Driven } from './driver.js';
import type { Oracle } from './oracles/oracle.js';

type Event =
  | { readonly kind: 'ask'; readonly late: boolean }
  | {
      readonly kind: 'report';
      readonly pick: number;
      readonly where: 'target' | 'short' | 'far' | 'end';
      readonly loss: number;
      readonly twice: boolean;
    }
  | { readonly kind: 'pipelined'; readonly pick: number; readonly steps: number; readonly loss: number }
  | { readonly kind: 'retire'; readonly pick: number; readonly how: 'failed' | 'infeasible' | 'ended' }
  | { readonly kind: 'lose'; readonly pick: number }
  | { readonly kind: 'limit'; readonly more: number }
  | { readonly kind: 'restart'; readonly reverse: boolean };

const pick = fc.nat({ max: 1000 });
/** Few numbers, so that there are ties, and everything that is not a number. */
const loss = fc.oneof(
  { weight: 8, arbitrary: fc.integer({ min: -4, max: 4 }) },
  { weight: 4, arbitrary: fc.double({ noNaN: true }) },
  { weight: 1, arbitrary: fc.constantFrom(NaN, Infinity, -Infinity, -0) },
);

const event: fc.Arbitrary<Event> = fc.oneof(
  { weight: 12, arbitrary: fc.record({ kind: fc.constant('ask' as const), late: fc.boolean() }) },
  {
    weight: 14,
    arbitrary: fc.record({
      kind: fc.constant('report' as const),
      pick,
      where: fc.oneof(
        { weight: 8, arbitrary: fc.constant('target' as const) },
        { weight: 2, arbitrary: fc.constantFrom('short' as const, 'far' as const, 'end' as const) },
      ),
      loss,
      twice: fc.boolean(),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('pipelined' as const),
      pick,
      steps: fc.integer({ min: -3, max: 9 }),
      loss,
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('retire' as const),
      pick,
      how: fc.constantFrom('failed' as const, 'infeasible' as const, 'ended' as const),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('lose' as const), pick }) },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant('limit' as const), more: fc.integer({ min: -2, max: 5 }) }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('restart' as const), reverse: fc.boolean() }) },
);

export const interleavings: fc.Arbitrary<Event[]> = fc.array(event, {
  minLength: 10,
  maxLength: 160,
  size: 'max',
});

/** Whom an event is about: one of these, or nobody. */
function chosen(among: readonly Driven[], at: number): Driven | undefined {
  return among[at % Math.max(among.length, 1)];
}

function stepOf(driven: Driven, where: 'target' | 'short' | 'far' | 'end', max: number): number {
  const { target } = driven.scheduling;
  if (where === 'target') return target;
  if (where === 'short') return Math.max(target - 1, 0);
  return where === 'far' ? Math.min(target * 4, max) : max + 1;
}

/** Runs a study; fails where scheduler and oracle differ. */
export function agree(spec: StudySpec, limit: number, events: readonly Event[], oracle: Oracle): Driver {
  const driver = new Driver(spec, limit);
  const max = spec.resource!.max;
  const report = (driven: Driven, step: number, value: number) => {
    assert.equal(
      driver.report(driven.trial, step, value),
      oracle.report(driven.trial, step, value),
      'verdict',
    );
  };
  for (const it of events) {
    switch (it.kind) {
      case 'ask':
        ask(driver, oracle, it.late);
        break;
      case 'report': {
        const driven = chosen(driver.active, it.pick);
        if (driven === undefined) continue;
        const step = stepOf(driven, it.where, max);
        report(driven, step, it.loss);
        compare(driver, oracle);
        if (!it.twice || driven.fate !== 'live') continue;
        report(driven, step, it.loss);
        break;
      }
      case 'pipelined': {
        const driven = chosen(driver.live, it.pick);
        if (driven === undefined) continue;
        report(driven, Math.max(driven.scheduling.target + it.steps, 0), it.loss);
        break;
      }
      case 'retire': {
        const driven = chosen(driver.live, it.pick);
        if (driven === undefined) continue;
        driver.retire(driven.trial, it.how);
        oracle.retire(driven.trial, it.how);
        break;
      }
      case 'lose': {
        const driven = chosen(driver.live, it.pick);
        if (driven === undefined || driven.scheduling.promoted) continue;
        driver.lose(driven.trial);
        continue;
      }
      case 'limit':
        driver.change(it.more);
        break;
      case 'restart':
        driver.restart(it.reverse ? (trials) => trials.reverse() : undefined);
        break;
    }
    compare(driver, oracle);
  }
  return driver;
}

function ask(driver: Driver, oracle: Oracle, late: boolean): void {
  const before = driver.trials.size;
  const expected = oracle.next(driver.canStart);
  const job = driver.ask(late);
  if (driver.trials.size > before) {
    assert.deepEqual(expected, { kind: 'start' });
    oracle.start(driver.trials.size);
  } else if (driver.promoted !== undefined) {
    assert.deepEqual(expected, { kind: 'promote', trial: driver.promoted });
    oracle.promote(driver.promoted);
  } else if (job === undefined) {
    assert.equal(expected, undefined);
  }
  if (job === undefined) return;
  oracle.lend(job.trial);
  assert.equal(job.target, oracle.place(job.trial).target);
}

/** Compares all that can be seen. */
function compare(driver: Driver, oracle: Oracle): void {
  const { promoted, stopped } = oracle.settle(driver.canStart);
  const news = driver.settled.splice(0);
  const settled = (kind: string) => news.filter((it) => it.kind === kind).map(({ trial }) => trial);
  const byNumber = (a: number, b: number) => a - b;
  assert.deepEqual(settled('promote').sort(byNumber), [...promoted].sort(byNumber), 'promoted');
  assert.deepEqual(settled('stop').sort(byNumber), [...stopped].sort(byNumber), 'stopped');
  assert.deepEqual(driver.settle(), [], 'settle again');
  for (const { trial, scheduling, fate } of driver.trials.values()) {
    const { round, bracket, rung, target } = scheduling;
    if (fate !== 'outranked')
      assert.deepEqual({ round, bracket, rung, target }, oracle.place(trial), `place of ${trial}`);
    // Once a rung, by rising rung, without a gap.
    scheduling.results.forEach((result, at) => assert.equal(result.rung, at));
    assert.equal(
      fate === 'live' && scheduling.promoted && scheduling.results.some((result) => result.rung === rung),
      false,
    );
    assert.ok(fate === 'failed' || scheduling.results.every(({ kind }) => kind !== RungResultKind.FAILED));
    assert.equal(scheduling.draw, trial - 1, 'what the engine added stays');
  }
  const restored = driver.restored();
  assert.deepEqual(restored.settle(driver.canStart), [], 'restored settles nothing');
  for (const canStart of [true, false]) {
    const expected = oracle.next(canStart);
    assert.deepEqual(driver.decide(canStart), expected, 'decide');
    assert.deepEqual(driver.decide(canStart), expected, 'decide again');
    assert.deepEqual(restored.decide(canStart), expected, 'restored decides');
  }
}
