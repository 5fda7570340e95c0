import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { schedulerOf } from '../../../server/policy/schedulers/index.js';
import { Driver, jobName } from './driver.js';
import { specOf } from './spec.js';

function study({ max = 9, eta = 3, bracket = 0, trials = 0, rounds = 1, limit = Infinity } = {}): Driver {
  return new Driver(
    specOf({ $case: 'successiveHalving', value: { eta, bracket, trials, rounds } }, max),
    limit,
  );
}

function askAll(driver: Driver): string[] {
  const jobs: string[] = [];
  for (let job = driver.ask(); job !== undefined; job = driver.ask()) jobs.push(jobName(driver, job));
  return jobs;
}

function live(driver: Driver): number[] {
  return driver.live.map(({ trial }) => trial);
}

const a = [0.3, 0.1, 0.25, 0.4, 0.05, 0.35, 0.2, 0.15, 0.45];
const b = [0.1, 0.6, 0.05, 0.02, 0.9, 0.01, 0.3, 0.02, 0.03];
/** The loss of a trial after so many steps. */
const curve = (trial: number, step: number) => a[trial - 1]! + b[trial - 1]! / step;

test('the table of nine trials: who survives each rung', () => {
  const driver = study();
  assert.deepEqual(askAll(driver), ['1@0', '2@0', '3@0', '4@0', '5@0', '6@0', '7@0', '8@0', '9@0']);
  for (let trial = 1; trial <= 9; trial++) {
    assert.deepEqual(live(driver).length, 9);
    assert.equal(driver.report(trial, 1, curve(trial, 1)), 'pause');
  }
  // Promoted in the order of their ranks.
  assert.deepEqual(askAll(driver), ['8@1', '3@1', '6@1']);
  for (const trial of [3, 6, 8]) assert.equal(driver.report(trial, 3, curve(trial, 3)), 'pause');
  assert.deepEqual(askAll(driver), ['8@2']);
  assert.deepEqual(live(driver), [8]);
  assert.equal(driver.report(8, 9, curve(8, 9)), 'complete');
  assert.equal(driver.decide(true), undefined);
});

test('the survivors of a rung do not depend on the order of its reports', () => {
  const order = fc.shuffledSubarray([1, 2, 3, 4, 5, 6, 7, 8, 9], { minLength: 9 });
  const losses = fc.uniqueArray(fc.double({ noNaN: true }), {
    minLength: 9,
    maxLength: 9,
    comparator: (x, y) => x === y,
  });
  fc.assert(
    fc.property(losses, order, order, (values, one, other) => {
      const [first, second] = [one, other].map((trials) => {
        const driver = study();
        askAll(driver);
        for (const trial of trials) driver.report(trial, 1, values[trial - 1]!);
        return askAll(driver);
      });
      assert.deepEqual(first, second);
      assert.equal(first!.length, 3);
    }),
  );
});

test('a failed trial counts in its rung and the others are halved', () => {
  const driver = study();
  askAll(driver);
  driver.retire(1, 'failed');
  for (let trial = 2; trial <= 9; trial++) driver.report(trial, 1, trial);
  assert.deepEqual(askAll(driver), ['2@1', '3@1', '4@1']);
  driver.retire(2, 'failed');
  driver.retire(3, 'failed');
  driver.report(4, 3, 4);
  assert.deepEqual(askAll(driver), ['4@2']);
});

test('an infeasible trial is replaced while the first rung is open, and by nobody later', () => {
  const driver = study();
  askAll(driver);
  driver.retire(5, 'infeasible');
  assert.deepEqual(askAll(driver), ['10@0']);
  for (const trial of [1, 2, 3, 4, 6, 7, 8, 9]) driver.report(trial, 1, trial);
  // Also where it has its result already.
  driver.retire(9, 'infeasible');
  driver.report(10, 1, 10);
  assert.deepEqual(askAll(driver), ['11@0']);
  driver.report(11, 1, 11);
  assert.deepEqual(askAll(driver), ['1@1', '2@1', '3@1']);
  driver.retire(1, 'infeasible');
  assert.deepEqual(askAll(driver), []);
  driver.report(2, 3, 2);
  driver.report(3, 3, 3);
  assert.deepEqual(askAll(driver), ['2@2']);
});

test('a trial that its worker ended is not waited for and not promoted', () => {
  const driver = study();
  askAll(driver);
  driver.retire(1, 'ended');
  for (let trial = 2; trial <= 9; trial++) driver.report(trial, 1, trial);
  assert.deepEqual(askAll(driver), ['2@1', '3@1', '4@1']);

  const other = study();
  askAll(other);
  for (let trial = 1; trial <= 8; trial++) other.report(trial, 1, trial);
  other.retire(1, 'ended');
  other.report(9, 1, 9);
  assert.deepEqual(askAll(other), ['2@1', '3@1', '4@1']);
});

test('a trial that jumped keeps its rank, is not lent again where it has been, and is waited for nowhere', () => {
  const driver = study({ max: 27, trials: 27 });
  askAll(driver);
  assert.equal(driver.report(1, 3, 0), 'pause');
  assert.equal(driver.get(1).scheduling.rung, 0);
  for (let trial = 2; trial <= 27; trial++) driver.report(trial, 1, trial);
  // Nine survive; trial 1 has its result there.
  assert.deepEqual(askAll(driver), ['2@1', '3@1', '4@1', '5@1', '6@1', '7@1', '8@1', '9@1']);
  assert.deepEqual([driver.get(1).scheduling.rung, driver.get(1).scheduling.promoted], [1, false]);
  for (let trial = 2; trial <= 9; trial++) driver.report(trial, 3, trial);
  assert.deepEqual(askAll(driver), ['1@2', '2@2', '3@2']);
});

test('a trial that jumped to the maximum has its rank in every rung below', () => {
  const driver = study();
  askAll(driver);
  assert.equal(driver.report(1, 9, 0), 'complete');
  for (let trial = 2; trial <= 9; trial++) driver.report(trial, 1, trial);
  assert.deepEqual(askAll(driver), ['2@1', '3@1']);
  driver.restart();
  driver.report(2, 3, 2);
  driver.report(3, 3, 3);
  // The one place at the maximum is taken.
  assert.deepEqual(askAll(driver), []);
  assert.deepEqual(live(driver), []);
});

test('where all have jumped, the rungs close one upon the other', () => {
  const driver = study();
  askAll(driver);
  for (let trial = 1; trial <= 9; trial++) driver.report(trial, 3, trial);
  assert.deepEqual(live(driver), [1]);
  assert.deepEqual(askAll(driver), ['1@2']);
  driver.restart((trials) => trials.reverse());
  assert.equal(driver.decide(true), undefined);
  assert.equal(driver.report(1, 9, 1), 'complete');
});

test('where no more can start, the bracket halves with what it has', () => {
  const driver = study({ limit: 7 });
  assert.equal(askAll(driver).length, 7);
  for (let trial = 1; trial <= 7; trial++) driver.report(trial, 1, trial);
  assert.deepEqual(askAll(driver), ['1@1', '2@1']);
  for (const trial of [1, 2]) driver.report(trial, 3, trial);
  assert.deepEqual(live(driver), []);
});

test('a bracket begins when those before it have nothing to hand out; nothing starts after the last round', () => {
  const driver = study({ rounds: 2 });
  const jobs = askAll(driver);
  assert.equal(jobs.length, 18);
  assert.deepEqual(
    [9, 10].map((trial) => driver.get(trial).scheduling.round),
    [0, 1],
  );
  assert.deepEqual(
    [9, 10].map((trial) => driver.get(trial).scheduling.slot),
    [8, 0],
  );
  // One that has to be replaced goes to the bracket that misses it.
  driver.retire(3, 'infeasible');
  assert.deepEqual(askAll(driver), ['19@0']);
  assert.equal(driver.get(19).scheduling.round, 0);
  assert.equal(driver.get(19).scheduling.slot, 9);
});

test('rounds of 0 go on without end', () => {
  const driver = study({ rounds: 0, limit: 100 });
  assert.equal(askAll(driver).length, 100);
  assert.equal(driver.get(100).scheduling.round, 11);
});

test('a bracket is not filled up again by a higher limit once it has closed with fewer', () => {
  const driver = study({ limit: 5 });
  askAll(driver);
  for (let trial = 1; trial <= 5; trial++) driver.report(trial, 1, trial);
  assert.deepEqual(askAll(driver), ['1@1']);
  driver.change(4);
  assert.equal(driver.decide(true), undefined);
  driver.restart();
  assert.equal(driver.decide(true), undefined);
});

test('a bracket in which all have failed is filled up by a higher limit, with a restart in between or without', () => {
  for (const restarts of [false, true]) {
    const driver = study({ limit: 5 });
    askAll(driver);
    for (let trial = 1; trial <= 5; trial++) driver.retire(trial, 'failed');
    assert.deepEqual(askAll(driver), []);
    if (restarts) driver.restart();
    driver.change(100);
    assert.equal(askAll(driver).length, 4);
  }
});

test('a trial that jumped and was then ended by its worker keeps its rank where it is further, and no place above', () => {
  const driver = study({ max: 27, trials: 27 });
  askAll(driver);
  driver.report(1, 3, 0);
  driver.retire(1, 'ended');
  for (let trial = 2; trial <= 27; trial++) driver.report(trial, 1, trial);
  assert.equal(askAll(driver).length, 8);
  for (let trial = 2; trial <= 9; trial++) driver.report(trial, 3, trial);
  assert.deepEqual(askAll(driver), ['2@2', '3@2', '4@2']);
});

test('an open bracket closes when no more can start, also where the event was in another bracket', () => {
  const spec = specOf({ $case: 'successiveHalving', value: { eta: 3, bracket: 0, trials: 3, rounds: 2 } }, 3);
  const scheduler = schedulerOf(spec).create(spec);
  const [first, , , last] = [1, 2, 3, 4].map((trial) => scheduler.start(trial));
  scheduler.report(4, last!, 1, { loss: 4, sequence: 1 });
  assert.deepEqual(scheduler.settle(true), []);
  scheduler.report(1, first!, 1, { loss: 1, sequence: 2 });
  assert.deepEqual(scheduler.settle(false), [{ kind: 'stop', trial: 4 }]);
});
