/**
 * What every scheduler owes, whatever it decides: a study always gets on or ends,
 * a decision is not changed by asking, a rung knows a trial once, and promotions
 * go to the best. A new scheduler is told here by its studies alone.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { RungResultKind, type RungResult, type StudySpec } from '../../../server/domain/spec.js';
import { Driver, type Driven } from './driver.js';

export interface Conforming {
  readonly name: string;
  readonly studies: fc.Arbitrary<StudySpec>;
  readonly eta: number;
  /** Whether trials still wait when nothing more can be handed out, to be stopped by the study's end. */
  readonly leavesPaused: boolean;
}

/** What happens to a trial that is trained. */
const fates = [
  'report',
  'report',
  'report',
  'report',
  'jump',
  'failed',
  'infeasible',
  'ended',
  'lost',
] as const;
const turn = fc.record({
  asks: fc.boolean(),
  pick: fc.nat({ max: 1000 }),
  fate: fc.constantFrom(...fates),
  loss: fc.oneof(fc.integer({ min: 0, max: 5 }), fc.double(), fc.constantFrom(NaN, Infinity, -Infinity)),
});
type Turn = typeof turn extends fc.Arbitrary<infer T> ? T : never;

/** Enough for 30 trials, each replaced and lost a few times; beyond it a study is held not to end. */
const MANY = 3000;

export function conforms({ name, studies, eta, leavesPaused }: Conforming): void {
  const run = fc.record({
    spec: studies,
    limit: fc.integer({ min: 1, max: 30 }),
    workers: fc.integer({ min: 1, max: 12 }),
    turns: fc.array(turn, { minLength: 1, maxLength: 60, size: 'max' }),
  });

  test(`${name}: there is always a job, or somebody at work, or the end`, () => {
    fc.assert(
      fc.property(run, ({ spec, limit, workers, turns }) => {
        const driver = play(new Driver(spec, limit), workers, turns);
        assert.deepEqual(driver.active, []);
        assert.equal(driver.ask(), undefined);
        if (!leavesPaused) assert.deepEqual(driver.live, [], 'nobody waits for ever');
        // What ends a study is that nothing may start, not that the scheduler has lost its way.
        const started = [...driver.trials.values()].filter(({ fate }) => fate !== 'infeasible').length;
        if (driver.decide(true) !== undefined) assert.equal(started, limit);
      }),
      { numRuns: 60 },
    );
  });

  test(`${name}: asking and settling change nothing, and a restart at any moment neither`, () => {
    fc.assert(
      fc.property(run, ({ spec, limit, workers, turns }) => {
        play(new Driver(spec, limit), workers, turns, (driver) => {
          const restored = driver.restored((trials) => trials.reverse());
          assert.deepEqual(restored.settle(driver.canStart), []);
          for (const canStart of [true, false, true]) {
            assert.deepEqual(restored.decide(canStart), driver.decide(canStart));
          }
          assert.deepEqual(driver.settle(), []);
        });
      }),
      { numRuns: 40 },
    );
  });

  test(`${name}: a trial is recorded in a rung once, by rising rung, for good`, () => {
    fc.assert(
      fc.property(run, ({ spec, limit, workers, turns }) => {
        const seen = new Map<number, RungResult[]>();
        play(new Driver(spec, limit), workers, turns, (driver) => {
          for (const { trial, scheduling } of driver.trials.values()) {
            scheduling.results.forEach(({ rung }, at) => assert.equal(rung, at));
            const before = seen.get(trial) ?? [];
            assert.deepEqual(scheduling.results.slice(0, before.length), before);
            seen.set(trial, scheduling.results);
          }
        });
      }),
      { numRuns: 40 },
    );
  });

  test(`${name}: who is promoted was among the top floor(n / eta) of its rung when that was decided`, () => {
    fc.assert(
      fc.property(run, ({ spec, limit, workers, turns }) => {
        // A trial that overstepped and has ended holds places that its record does not name.
        const steady = turns.map((it) => (it.fate === 'jump' ? { ...it, fate: 'report' as const } : it));
        play(new Driver(spec, limit), workers, steady, (driver) => {
          const settled = driver.settled.splice(0).filter(({ kind }) => kind === 'promote');
          const promoted = driver.promoted === undefined ? [] : [driver.promoted];
          for (const trial of [...promoted, ...settled.map((it) => it.trial)]) {
            const driven = driver.get(trial);
            if (driven.fate === 'live') assertTop(driver, driven, eta);
          }
        });
      }),
      { numRuns: 40 },
    );
  });
}

/** Lets workers ask and trials fare by turns, over and over, until nothing happens any more. */
function play(
  driver: Driver,
  workers: number,
  turns: readonly Turn[],
  look?: (driver: Driver) => void,
): Driver {
  const lost: number[] = [];
  for (let i = 0; ; i++) {
    assert.ok(i < MANY, 'the study does not end');
    const { asks, pick, fate, loss } = turns[i % turns.length]!;
    const { active } = driver;
    driver.promoted = undefined;
    const job = active.length < workers && (asks || active.length === 0) ? driver.ask() : undefined;
    const driven = active[pick % Math.max(active.length, 1)];
    if (job === undefined && driven === undefined) return driver;
    // Later rounds through the turns spare the trials, so that everything comes to an end.
    if (job === undefined) fare(driver, driven!, i < turns.length ? fate : 'report', loss, lost);
    look?.(driver);
  }
}

function fare(driver: Driver, driven: Driven, fate: Turn['fate'], loss: number, lost: number[]): void {
  const { trial, scheduling } = driven;
  switch (fate) {
    case 'report':
      driver.report(trial, scheduling.target || 1, loss);
      // Without a maximum it is the worker that ends.
      if (scheduling.target === 0) driver.retire(trial, 'ended');
      break;
    case 'jump':
      driver.report(trial, scheduling.target * 3 + 1, loss);
      break;
    case 'lost':
      // A paused trial whose worker dies before it has given it back.
      driver.report(trial, scheduling.target, loss);
      if (driven.fate === 'live' && !lost.includes(trial)) driver.lose(trial);
      lost.push(trial);
      break;
    case 'failed':
    case 'infeasible':
    case 'ended':
      driver.retire(trial, fate);
      break;
  }
}

/** Fails unless fewer than floor(n / eta) who could be promoted are ahead of the trial in the rung that it comes from. */
function assertTop(driver: Driver, driven: Driven, eta: number): void {
  const { round, bracket, rung } = driven.scheduling;
  const from = rung - 1;
  const peers = [...driver.trials.values()].filter(({ scheduling, fate }) => {
    const counts = fate !== 'infeasible' || scheduling.rung > 0;
    return counts && scheduling.round === round && scheduling.bracket === bracket && scheduling.rung >= from;
  });
  const own = driven.scheduling.results.find((result) => result.rung === from)!;
  const ahead = peers.filter(({ scheduling, fate }) => {
    const result = scheduling.results.find((it) => it.rung === from);
    if (result === undefined || result.kind === RungResultKind.FAILED || fate === 'infeasible') return false;
    const goneOn = scheduling.results.length > from + 1;
    if ((fate === 'ended' || fate === 'failed') && !goneOn) return false;
    return result.kind < own.kind || (result.kind === own.kind && isLess(result, own));
  });
  assert.ok(ahead.length < Math.floor(peers.length / eta), `${driven.trial} at rung ${from}`);
}

function isLess(a: RungResult, b: RungResult): boolean {
  return a.loss === b.loss ? a.sequence < b.sequence : a.loss < b.loss;
}
