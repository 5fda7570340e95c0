import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Driver, jobName } from './driver.js';
import { specOf } from './spec.js';

function study(max: number, { eta = 3, brackets = 0, stopping = false } = {}): Driver {
  return new Driver(specOf({ $case: 'asyncHyperband', value: { eta, brackets, stopping } }, max));
}

/** How many of the first trials each bracket has, infeasible ones left out. */
function shares(driver: Driver): number[] {
  const counts: number[] = [];
  for (const { scheduling, fate } of driver.trials.values()) {
    if (fate !== 'infeasible') counts[scheduling.bracket] = (counts[scheduling.bracket] ?? 0) + 1;
  }
  return counts;
}

test('the brackets get Hyperband’s shares, and each its own within a trial at every moment', () => {
  const driver = study(81);
  const weights = [81, 34, 15, 8, 5];
  for (let n = 1; n <= 286; n++) {
    driver.ask();
    const counts = shares(driver);
    weights.forEach((weight, bracket) => {
      assert.ok(Math.abs((counts[bracket] ?? 0) - (weight * n) / 143) < 1.5, `bracket ${bracket} of ${n}`);
    });
  }
  assert.deepEqual(shares(driver), [162, 68, 30, 16, 10]);
});

test('an infeasible trial is replaced in its bracket, and a restart does not forget it', () => {
  const driver = study(9);
  for (let i = 0; i < 17; i++) driver.ask();
  assert.deepEqual(shares(driver), [9, 5, 3]);
  const lost = [...driver.trials.values()].find(({ scheduling }) => scheduling.bracket === 2)!;
  driver.retire(lost.trial, 'infeasible');
  driver.restart((trials) => trials.reverse());
  const { trial } = driver.ask()!;
  assert.equal(driver.get(trial).scheduling.bracket, 2);
});

test('brackets begin at their own rung and keep ranks of their own', () => {
  const driver = study(9);
  for (let i = 0; i < 17; i++) driver.ask();
  const of = (bracket: number) =>
    [...driver.trials.values()].filter((it) => it.scheduling.bracket === bracket);
  assert.deepEqual(
    [0, 1, 2].map((bracket) => of(bracket)[0]!.scheduling.target),
    [1, 3, 9],
  );
  // The best of all at step 3, but in another bracket: those of bracket 1 are compared with each other alone.
  driver.report(of(0)[0]!.trial, 3, -1);
  const [first, second, third] = of(1).map(({ trial }) => trial) as [number, number, number];
  for (const [trial, loss] of [
    [first, 3],
    [second, 1],
    [third, 2],
  ] as const)
    driver.report(trial, 3, loss);
  assert.equal(jobName(driver, driver.ask()!), `${second}@1`);
});

test('the promotion that leads furthest goes first, over all brackets', () => {
  const driver = study(9);
  for (let i = 0; i < 17; i++) driver.ask();
  const of = (bracket: number) =>
    [...driver.trials.values()].filter((it) => it.scheduling.bracket === bracket);
  for (const { trial } of of(0)) driver.report(trial, 1, trial);
  for (const { trial } of of(1)) driver.report(trial, 3, trial);
  assert.equal(driver.ask()!.target, 9);
  assert.equal(driver.ask()!.target, 3);
});

test('brackets limits how many there are, from the most aggressive', () => {
  const driver = study(9, { brackets: 2 });
  for (let i = 0; i < 28; i++) driver.ask();
  assert.deepEqual(shares(driver), [18, 10]);
});

test('stopping brackets pause nobody', () => {
  const driver = study(9, { stopping: true });
  for (let i = 0; i < 17; i++) driver.ask();
  const [first, second] = [...driver.trials.values()].filter((it) => it.scheduling.bracket === 1);
  assert.equal(driver.report(first!.trial, 3, 1), 'continue');
  assert.equal(driver.report(second!.trial, 3, 2), 'stop');
  const last = [...driver.trials.values()].find((it) => it.scheduling.bracket === 2)!;
  assert.equal(driver.report(last.trial, 9, 2), 'complete');
});
