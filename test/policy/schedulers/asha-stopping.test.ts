import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Driver } from './driver.js';
import { specOf } from './spec.js';

function study(max: number, { eta = 3, bracket = 0, minSamples = 0, min = 1 } = {}): Driver {
  return new Driver(specOf({ $case: 'ashaStopping', value: { eta, bracket, minSamples } }, max, min));
}

/** Each loss by a trial of its own at the lowest rung: C for continue, S for stop. */
function verdicts(driver: Driver, losses: readonly number[]): string {
  return losses
    .map((loss) => {
      const { trial, target } = driver.ask()!;
      const verdict = driver.report(trial, target, loss);
      return verdict === 'continue' ? 'C' : verdict === 'stop' ? 'S' : verdict;
    })
    .join(' ');
}

test('a trial goes on where it ranks among the top max(floor(n / eta), 1), the older of equals first', () => {
  assert.equal(
    verdicts(study(9), [0.5, 0.6, 0.4, 0.45, 0.3, 0.35, 0.35, 0.9, 0.32, 0.3]),
    'C S C S C C S S C C',
  );
});

test('nobody is stopped at a rung with fewer than min_samples results, the own one counted', () => {
  assert.equal(verdicts(study(9, { minSamples: 3 }), [1, 2, 3, 4]), 'C C S S');
  assert.equal(verdicts(study(9), [1, 2, 3, 4]), 'C S S S');
});

test('who goes on trains towards the next rung, who is stopped stays where it was', () => {
  const driver = study(9);
  verdicts(driver, [1, 2]);
  const places = [1, 2].map((trial) => {
    const { rung, target, promoted } = driver.get(trial).scheduling;
    return { rung, target, promoted };
  });
  assert.deepEqual(places, [
    { rung: 1, target: 3, promoted: false },
    { rung: 0, target: 1, promoted: false },
  ]);
});

test('a report over several rungs is recorded in all, and stops where it fails in any', () => {
  const driver = study(27);
  for (let i = 0; i < 4; i++) driver.ask();
  assert.equal(driver.report(1, 9, 0.5), 'continue');
  assert.equal(driver.get(1).scheduling.target, 27);
  assert.equal(driver.report(2, 9, 0.6), 'stop');
  assert.deepEqual(
    driver.get(2).scheduling.results.map(({ rung }) => rung),
    [0, 1, 2],
  );
  assert.equal(driver.report(3, 9, 0.1), 'continue');
  assert.equal(driver.report(4, 3, 0.2), 'stop', 'second of four');
});

test('a report that passes a low rung and fails in a higher one stops', () => {
  const driver = study(27);
  for (let i = 0; i < 6; i++) driver.ask();
  driver.report(1, 3, 0.1);
  // Many bad ones at rung 0 make room there: the second of six passes.
  for (const trial of [2, 3, 4, 5]) driver.report(trial, 1, 1);
  assert.equal(driver.report(6, 3, 0.2), 'stop');
  assert.deepEqual(
    driver.get(6).scheduling.results.map(({ rung }) => rung),
    [0, 1],
  );
  assert.equal(driver.get(6).fate, 'outranked');
});

test('at and past the maximum a trial completes, however bad', () => {
  const driver = study(9);
  for (let i = 0; i < 3; i++) driver.ask();
  driver.report(1, 9, 0);
  assert.equal(driver.report(2, 9, 1), 'complete');
  assert.equal(driver.report(3, 100, NaN), 'complete');
});

test('steps between rungs and repeated ones change nothing', () => {
  const driver = study(9);
  driver.ask();
  assert.equal(driver.report(1, 0, 1), 'continue');
  driver.report(1, 3, 1);
  const { scheduling } = driver.get(1);
  for (const step of [3, 1, 5, 8]) assert.equal(driver.report(1, step, -1), 'continue');
  assert.equal(driver.get(1).scheduling, scheduling);
});

test('nothing waits and nothing is promoted', () => {
  const driver = study(9);
  verdicts(driver, [1, 2, 3, 4, 5, 6]);
  assert.equal(driver.decide(false), undefined);
  assert.deepEqual(driver.decide(true), { kind: 'start' });
});
