import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Driver, jobName } from './driver.js';
import { specOf } from './spec.js';

function study(max = 9, eta = 3, bracket = 0): Driver {
  return new Driver(specOf({ $case: 'asha', value: { eta, bracket } }, max));
}

/** Starts trials until there are as many, before any of them reports. */
function fill(driver: Driver, trials: number): void {
  while (driver.trials.size < trials) driver.ask();
}

/** Each report, then one worker who asks: what it gets. */
function afterEach(
  driver: Driver,
  reports: readonly [trial: number, step: number, loss: number][],
): string[] {
  return reports.map(([trial, step, loss]) => {
    assert.equal(driver.report(trial, step, loss), step === 9 ? 'complete' : 'pause');
    return jobName(driver, driver.ask()!);
  });
}

test('promotions by one answer after each report', () => {
  const driver = study();
  fill(driver, 1);
  const reports: [number, number, number][] = [
    [1, 1, 0.9],
    [2, 1, 0.5],
    [3, 1, 0.7],
    [2, 3, 0.45],
    [4, 1, 0.3],
    [5, 1, 0.8],
    [6, 1, 0.6],
    [4, 3, 0.4],
    [7, 1, 0.2],
    [8, 1, 0.95],
    [9, 1, 0.1],
  ];
  // Trials start in other moments here than their reports come, so the first nine are filled in by need.
  const got = reports.map(([trial, step, loss]) => {
    while (driver.trials.size < trial) driver.ask();
    driver.report(trial, step, loss);
    const decision = driver.decide(true);
    if (decision?.kind === 'promote') driver.ask();
    return decision?.kind === 'promote'
      ? `${decision.trial}@${driver.get(decision.trial).scheduling.target}`
      : 'new';
  });
  assert.deepEqual(got, ['new', 'new', '2@3', 'new', '4@3', 'new', 'new', 'new', '7@3', 'new', '9@3']);
  const sizes = [0, 1, 2].map((rung) => {
    return [...driver.trials.values()].filter(({ scheduling }) =>
      scheduling.results.some((it) => it.rung === rung),
    ).length;
  });
  assert.deepEqual(sizes, [9, 2, 0]);

  // The top rung first; trial 7 was promoted before 9 turned out to be better.
  assert.deepEqual(afterEach(driver, [[7, 3, 0.35]]), ['7@2']);
  assert.deepEqual(afterEach(driver, [[9, 3, 0.05]]), ['9@2']);
});

test('the jobs of a single worker', () => {
  const losses = [
    0.52, 0.11, 0.87, 0.34, 0.63, 0.29, 0.95, 0.08, 0.71, 0.46, 0.15, 0.58, 0.8, 0.22, 0.39, 0.67, 0.04, 0.91,
    0.27, 0.49, 0.73, 0.18, 0.61, 0.85, 0.33, 0.07, 0.55,
  ];
  const driver = study();
  const jobs: string[] = [];
  while (jobs.at(-1) !== '27@0') {
    const job = driver.ask()!;
    jobs.push(jobName(driver, job));
    driver.report(job.trial, job.target, losses[job.trial - 1]!);
  }
  assert.equal(
    jobs.join(' '),
    '1@0 2@0 3@0 2@1 4@0 5@0 6@0 6@1 7@0 8@0 8@1 8@2 9@0 10@0 11@0 11@1 12@0 13@0 14@0 14@1 15@0 16@0 17@0 17@1 ' +
      '17@2 18@0 19@0 19@1 20@0 21@0 22@0 22@1 23@0 24@0 25@0 26@0 26@1 26@2 27@0',
  );
});

test('the highest rung is promoted from first', () => {
  const driver = study();
  fill(driver, 12);
  for (let trial = 1; trial <= 9; trial++) driver.report(trial, 1, trial);
  for (const trial of [1, 2, 3]) assert.equal(driver.ask()?.trial, trial);
  for (const trial of [1, 2, 3]) driver.report(trial, 3, trial);
  for (const trial of [10, 11, 12]) driver.report(trial, 1, -trial);
  assert.equal(jobName(driver, driver.ask()!), '1@2');
  for (const job of ['12@1', '11@1', '10@1']) assert.equal(jobName(driver, driver.ask()!), job);
  assert.deepEqual(driver.decide(true), { kind: 'start' });
});

test('of several the best is promoted, and of equals the older', () => {
  const driver = study();
  fill(driver, 6);
  for (const trial of [6, 5, 4, 3, 2, 1]) driver.report(trial, 1, 0.5);
  assert.equal(driver.ask()?.trial, 6);
  assert.equal(driver.ask()?.trial, 5);
  assert.deepEqual(driver.decide(true), { kind: 'start' });
  assert.equal(driver.decide(false), undefined);
});

test('a lost worker changes nothing: the promotion stays given and the result of the retrained rung counts once', () => {
  const driver = study();
  fill(driver, 3);
  [0.9, 0.5, 0.7].forEach((loss, i) => driver.report(i + 1, 1, loss));
  assert.equal(jobName(driver, driver.ask()!), '2@1');
  const before = structuredClone(driver.get(2).scheduling);
  // Its worker is gone; another trains it from the beginning, through rung 0 again.
  assert.equal(driver.report(2, 1, 0.1), 'continue');
  assert.deepEqual(driver.get(2).scheduling, before);
  assert.deepEqual(driver.decide(true), { kind: 'start' });
  assert.equal(driver.report(2, 3, 0.45), 'pause');
  assert.equal(driver.get(2).scheduling.results.length, 2);
});

test('a trial that is trained again in the rung whose result it has can be promoted', () => {
  const driver = study();
  fill(driver, 3);
  [0.9, 0.5, 0.7].forEach((loss, i) => driver.report(i + 1, 1, loss));
  driver.lose(2);
  assert.equal(driver.report(2, 1, 0.6), 'pause');
  assert.deepEqual(driver.decide(true), { kind: 'promote', trial: 2 });
});

test('a report over several rungs is recorded in each, and counts as promoted in the lower', () => {
  const driver = study(27);
  fill(driver, 3);
  assert.equal(driver.report(1, 10, 0.1), 'pause');
  const { rung, target, results } = driver.get(1).scheduling;
  assert.deepEqual([rung, target], [2, 9]);
  assert.deepEqual(
    results.map((result) => [result.rung, result.loss, result.sequence]),
    [
      [0, 0.1, 1],
      [1, 0.1, 1],
      [2, 0.1, 1],
    ],
  );
  driver.report(2, 1, 0.2);
  driver.report(3, 1, 0.3);
  // Rung 0 holds three of which trial 1, further already, is the best.
  assert.deepEqual(driver.decide(true), { kind: 'start' });
});

test('a promoted trial whose old worker went on takes its place at the rung that it reached', () => {
  const driver = study(27);
  fill(driver, 3);
  [0.1, 0.5, 0.7].forEach((loss, i) => driver.report(i + 1, 1, loss));
  assert.equal(driver.ask(true), undefined);
  assert.equal(driver.get(1).scheduling.promoted, true);
  assert.equal(driver.report(1, 2, 0.1), 'pause', 'between the rungs: it is to be given back');
  assert.equal(driver.get(1).scheduling.promoted, true);
  assert.equal(driver.report(1, 4, 0.1), 'pause');
  const { promoted, rung, target } = driver.get(1).scheduling;
  assert.deepEqual({ promoted, rung, target }, { promoted: false, rung: 1, target: 3 });
});

test('at and past the maximum a trial completes, in every rung', () => {
  const driver = study();
  fill(driver, 2);
  assert.equal(driver.report(1, 9, 5), 'complete');
  assert.equal(driver.report(2, 12, 6), 'complete');
  for (const trial of [1, 2]) {
    assert.deepEqual(
      driver.get(trial).scheduling.results.map(({ rung }) => rung),
      [0, 1, 2],
    );
    assert.equal(driver.get(trial).scheduling.rung, 2);
  }
});

test('bracket leaves out the lowest rungs', () => {
  const driver = study(27, 3, 2);
  const job = driver.ask()!;
  assert.equal(job.target, 9);
  assert.equal(driver.get(1).scheduling.bracket, 2);
  assert.equal(driver.report(1, 3, 0), 'continue');
  assert.equal(driver.report(1, 9, 0), 'pause');
});
