/** Bugs that users of other schedulers reported, each as the behaviour that they missed. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { SchedulerSpec } from '../../../server/domain/spec.js';
import { RungResultKind } from '../../../server/domain/spec.js';
import { Scheduling } from '../../../server/gen/wazir/v1/trial.js';
import { Driver, jobName } from './driver.js';
import { specOf } from './spec.js';

const asha: SchedulerSpec['kind'] = { $case: 'asha', value: { eta: 3, bracket: 0 } };
const stopping: SchedulerSpec['kind'] = {
  $case: 'ashaStopping',
  value: { eta: 3, bracket: 0, minSamples: 0 },
};
const halving: SchedulerSpec['kind'] = {
  $case: 'successiveHalving',
  value: { eta: 3, bracket: 0, trials: 0 },
};
const hyperband: SchedulerSpec['kind'] = { $case: 'hyperband', value: { eta: 3, rounding: 0 } };

function study(kind: SchedulerSpec['kind'], max = 9, limit = Infinity): Driver {
  return new Driver(specOf(kind, max), limit);
}

/** Lends all that there is. */
function askAll(driver: Driver): string[] {
  const jobs: string[] = [];
  for (let job = driver.ask(); job !== undefined; job = driver.ask()) jobs.push(jobName(driver, job));
  return jobs;
}

/** Trains everything that is lent, and what comes of it, to the end. */
function trainAll(driver: Driver, loss = (trial: number) => trial): void {
  for (askAll(driver); driver.active.length > 0; askAll(driver)) {
    for (const { trial, scheduling } of driver.active) driver.report(trial, scheduling.target, loss(trial));
  }
}

test('ray 6659: a NaN ranks last and keeps nobody from being stopped', () => {
  const driver = study(stopping);
  for (let i = 0; i < 4; i++) driver.ask();
  assert.equal(driver.report(1, 1, -0.5), 'continue');
  assert.equal(driver.report(2, 1, NaN), 'stop');
  assert.equal(driver.report(3, 1, -0.9), 'continue');
  assert.equal(driver.report(4, 1, -0.6), 'stop');
});

test('ray 11670: infinities rank as the numbers that they are, in any scheduler', () => {
  for (const kind of [asha, halving]) {
    const driver = study(kind, 3, 3);
    askAll(driver);
    [Infinity, -Infinity, NaN].forEach((loss, i) => driver.report(i + 1, 1, loss));
    assert.deepEqual(askAll(driver), ['2@1']);
  }
  const driver = study(stopping);
  const verdicts = [NaN, Infinity, 5, -Infinity].map((loss) => driver.report(driver.ask()!.trial, 1, loss));
  // The first of a rung always goes on, and each of these is better than those before.
  assert.deepEqual(verdicts, ['continue', 'continue', 'continue', 'continue']);
});

test('ray 39157: the last rung is the maximum, and a report that oversteps a rung hangs nobody', () => {
  const driver = study({ $case: 'successiveHalving', value: { eta: 2, bracket: 2, trials: 0 } }, 8);
  assert.deepEqual(askAll(driver), ['1@0', '2@0']);
  assert.equal(driver.get(1).scheduling.target, 4);
  driver.report(1, 5, 1);
  driver.report(2, 7, 2);
  assert.deepEqual(askAll(driver), ['1@1']);
  assert.equal(driver.get(1).scheduling.target, 8);
  assert.equal(driver.report(1, 20, 1), 'complete');
  assert.deepEqual(driver.live, []);
});

test('ray 6780, 14500: a bracket that can get no more trials halves with what it has', () => {
  for (const limit of [1, 2, 5, 9, 12, 16]) {
    for (const kind of [halving, hyperband]) {
      const driver = study(kind, 9, limit);
      trainAll(driver);
      assert.deepEqual(driver.live, [], `${limit} trials`);
    }
  }
});

test('ray 7011: a step below those before is no error and changes no rank', () => {
  for (const kind of [asha, stopping, halving]) {
    const driver = study(kind);
    driver.ask();
    driver.report(1, 3, 1);
    const { scheduling } = driver.get(1);
    for (const step of [2, 1, 0]) driver.report(1, step, -1);
    assert.equal(driver.get(1).scheduling, scheduling);
  }
});

test('ray 35338: a promotion that is not yet lent is decided once, however often all is looked through', () => {
  const late = study(asha, 9, 3);
  for (let i = 0; i < 3; i++) late.ask();
  for (const trial of [1, 2, 3]) late.report(trial, 1, trial);
  assert.equal(late.ask(true), undefined);
  late.settle();
  late.restart();
  assert.equal(late.decide(true)?.kind, 'start');
  assert.deepEqual(askAll(late), ['1@1']);

  const synchronous = study(halving, 3);
  askAll(synchronous);
  for (const trial of [1, 2, 3]) synchronous.report(trial, 1, trial);
  assert.deepEqual(synchronous.settle(), []);
  synchronous.restart();
  assert.deepEqual(askAll(synchronous), ['1@1']);
});

test('ray 37605: with fewer workers than trials all of a rung are trained before any goes on', () => {
  const driver = study({ $case: 'successiveHalving', value: { eta: 2, bracket: 0, trials: 8 } }, 8);
  const jobs: string[] = [];
  for (;;) {
    while (driver.active.length < 4) {
      const job = driver.ask();
      if (job === undefined) break;
      jobs.push(jobName(driver, job));
    }
    const next = driver.active[0];
    if (next === undefined) break;
    driver.report(next.trial, next.scheduling.target, -next.trial);
  }
  assert.equal(jobs.join(' '), '1@0 2@0 3@0 4@0 5@0 6@0 7@0 8@0 8@1 7@1 6@1 5@1 8@2 7@2 8@3');
});

test('ray 4401, 32634: by stopping the first always passes; by promotion it has to be among the best', () => {
  const byStopping = study(stopping);
  byStopping.ask();
  assert.equal(byStopping.report(1, 1, 100), 'continue');
  assert.equal(byStopping.report(1, 3, 100), 'continue');
  const byPromotion = study(asha);
  byPromotion.ask();
  assert.equal(byPromotion.report(1, 1, 100), 'pause');
  assert.deepEqual(byPromotion.decide(true), { kind: 'start' });
});

test('ray 39900: a study that is restored after every event ends as the one that was not', () => {
  for (const kind of [asha, stopping, halving, hyperband]) {
    const [lived, restored] = [study(kind, 9, 20), study(kind, 9, 20)];
    const losses = (trial: number) => (trial * 7) % 11;
    trainAll(lived, losses);
    for (;;) {
      for (; restored.ask() !== undefined; restored.restart());
      const { active } = restored;
      if (active.length === 0) break;
      for (const { trial, scheduling } of active) {
        restored.report(trial, scheduling.target, losses(trial));
        restored.restart((trials) => trials.reverse());
      }
    }
    assert.deepEqual(restored.trials, lived.trials);
  }
});

test('optuna 3088: only the report that crosses a rung counts there, not the last one of the trial', () => {
  const driver = study(asha);
  driver.ask();
  driver.report(1, 1, 5);
  driver.report(1, 2, 0);
  assert.deepEqual(
    driver.get(1).scheduling.results.map(({ loss }) => loss),
    [5],
  );
});

test('optuna 388: an early lucky trial is not promoted before there are eta to compare; min_samples does so for stopping', () => {
  const promotion = study(asha);
  for (let i = 0; i < 3; i++) promotion.ask();
  promotion.report(1, 1, 0);
  promotion.report(2, 1, 1);
  assert.deepEqual(promotion.decide(true), { kind: 'start' });
  promotion.report(3, 1, 2);
  assert.deepEqual(promotion.decide(true), { kind: 'promote', trial: 1 });

  const driver = study({ $case: 'ashaStopping', value: { eta: 3, bracket: 0, minSamples: 4 } });
  const verdicts = [0, 1, 2, 3].map((loss) => driver.report(driver.ask()!.trial, 1, loss));
  assert.deepEqual(verdicts, ['continue', 'continue', 'continue', 'stop']);
});

test('katib 1168: with nothing to hand out the answer is nothing, and it is something once a worker has reported', () => {
  const driver = study(halving);
  assert.equal(askAll(driver).length, 9);
  assert.equal(driver.ask(), undefined);
  for (let trial = 1; trial <= 9; trial++) {
    assert.equal(driver.ask(), undefined);
    driver.report(trial, 1, trial);
  }
  assert.equal(askAll(driver).length, 3);
});

test('katib 1366, 557: all brackets run, once a round', () => {
  const driver = study(hyperband);
  trainAll(driver);
  assert.deepEqual(
    [0, 1, 2].map((bracket) => {
      return [...driver.trials.values()].filter(({ scheduling }) => scheduling.bracket === bracket).length;
    }),
    [9, 5, 3],
  );
  assert.equal(driver.decide(true), undefined);
});

test('katib: with one of nine failed three of eight are promoted', () => {
  const driver = study(halving);
  askAll(driver);
  for (const trial of [1, 2, 3, 4, 6, 7, 8, 9]) driver.report(trial, 1, trial);
  driver.retire(5, 'failed');
  assert.deepEqual(askAll(driver), ['1@1', '2@1', '3@1']);
  assert.deepEqual(
    driver.get(5).scheduling.results.map(({ kind }) => kind),
    [RungResultKind.FAILED],
  );
});

test('determined 4836, 1176: a failure counts once, also after the trial’s result at the rung', () => {
  const driver = study(asha);
  for (let i = 0; i < 4; i++) driver.ask();
  driver.report(1, 1, 0);
  driver.retire(1, 'failed');
  assert.equal(driver.get(1).scheduling.results.length, 1);
  driver.report(2, 1, 2);
  // Two results, of two trials: not three.
  assert.deepEqual(driver.decide(true), { kind: 'start' });
  driver.report(3, 1, 3);
  // The one place is that of the trial that has failed.
  assert.deepEqual(driver.decide(true), { kind: 'start' });
});

test('determined 1022: when the best of a rung has died the search goes on with the others', () => {
  for (const how of ['failed', 'ended', 'infeasible'] as const) {
    const driver = study(asha);
    for (let i = 0; i < 6; i++) driver.ask();
    for (let trial = 1; trial <= 6; trial++) driver.report(trial, 1, trial);
    driver.retire(1, how);
    assert.equal(driver.ask()?.trial, 2, how);
  }
  const synchronous = study(halving);
  askAll(synchronous);
  for (let trial = 1; trial <= 9; trial++) synchronous.report(trial, 1, trial);
  askAll(synchronous);
  synchronous.report(1, 3, 1);
  synchronous.retire(1, 'ended');
  synchronous.report(2, 3, 2);
  synchronous.report(3, 3, 3);
  assert.deepEqual(askAll(synchronous), ['2@2']);
});

test('determined 3999: infinite and missing losses are the same after encoding, and rank as before', () => {
  const driver = study(asha);
  for (let i = 0; i < 4; i++) driver.ask();
  [NaN, Infinity, -Infinity, NaN].forEach((loss, i) => driver.report(i + 1, 1, loss));
  for (const driven of driver.trials.values()) {
    const decoded = Scheduling.decode(Scheduling.encode(driven.scheduling).finish());
    assert.deepEqual(decoded, driven.scheduling);
    driven.scheduling = decoded;
  }
  driver.restart();
  assert.deepEqual(driver.decide(true), { kind: 'promote', trial: 3 });
});

test('syne-tune 304, 395: a resumed trial that starts again from the beginning, or reports off its rungs, is taken as it is', () => {
  const driver = study(asha);
  for (let i = 0; i < 3; i++) driver.ask();
  for (const trial of [1, 2, 3]) driver.report(trial, 1, trial);
  assert.equal(driver.ask()?.trial, 1);
  assert.equal(driver.report(1, 1, 0), 'continue');
  assert.equal(driver.report(1, 2, 0), 'continue');
  assert.equal(driver.report(1, 4, 0), 'pause');
  assert.deepEqual(
    driver.get(1).scheduling.results.map(({ loss, sequence }) => [loss, sequence]),
    [
      [1, 1],
      [0, 6],
    ],
  );
});

test('syne-tune 483: the maximum is a rung of every ladder, also where it is no power of eta', () => {
  for (const max of [2, 10, 100]) {
    const driver = study({ $case: 'successiveHalving', value: { eta: 3, bracket: 0, trials: 0 } }, max);
    trainAll(driver);
    const completed = [...driver.trials.values()].filter(({ fate }) => fate === 'completed');
    assert.ok(completed.length > 0);
    for (const { scheduling } of completed) assert.equal(scheduling.target, max);
  }
});
