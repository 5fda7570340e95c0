import assert from 'node:assert/strict';
import { test } from 'node:test';
import { HyperbandRounding } from '../../../server/domain/spec.js';
import { Driver } from './driver.js';
import { specOf } from './spec.js';

function study(max: number, { eta = 3, rounding = HyperbandRounding.UNSPECIFIED, rounds = 1 } = {}): Driver {
  return new Driver(specOf({ $case: 'hyperband', value: { eta, rounding, rounds } }, max));
}

/** A single worker trains all there is, with an eta of 3; what was trained, as bracket: trials@step …. */
function runAll(driver: Driver): { table: string[]; jobs: number; resumed: number; retrained: number } {
  const trained = new Map<string, number>();
  let [jobs, resumed, retrained] = [0, 0, 0];
  for (let job = driver.ask(); job !== undefined; job = driver.ask()) {
    const { bracket, rung } = driver.get(job.trial).scheduling;
    const key = `${bracket}:${job.target}`;
    trained.set(key, (trained.get(key) ?? 0) + 1);
    jobs++;
    resumed += rung === 0 ? job.target : job.target - job.target / 3;
    retrained += job.target;
    driver.report(job.trial, job.target, -job.trial);
  }
  const table: string[] = [];
  for (const [key, count] of trained) {
    const [bracket, step] = key.split(':').map(Number) as [number, number];
    table[bracket] = `${table[bracket] === undefined ? '' : `${table[bracket]} `}${count}@${step}`;
  }
  return { table, jobs, resumed, retrained };
}

test('R = 9: 17 trials, 22 jobs, 69 steps where training is resumed and 78 where it is not', () => {
  const driver = study(9);
  assert.deepEqual(runAll(driver), {
    table: ['9@1 3@3 1@9', '5@3 1@9', '3@9'],
    jobs: 22,
    resumed: 69,
    retrained: 78,
  });
  assert.equal(driver.trials.size, 17);
});

test('R = 81: the rungs of all brackets by Algorithm 1', () => {
  assert.deepEqual(runAll(study(81)).table, [
    '81@1 27@3 9@9 3@27 1@81',
    '34@3 11@9 3@27 1@81',
    '15@9 5@27 1@81',
    '8@27 2@81',
    '5@81',
  ]);
});

test('R = 81: the rungs of all brackets by Table 1', () => {
  assert.deepEqual(runAll(study(81, { rounding: HyperbandRounding.TABLE_1 })).table, [
    '81@1 27@3 9@9 3@27 1@81',
    '27@3 9@9 3@27 1@81',
    '9@9 3@27 1@81',
    '6@27 2@81',
    '5@81',
  ]);
});

test('with workers enough all brackets of a round run at once, then the next round begins', () => {
  const driver = study(9, { rounds: 2 });
  const places: string[] = [];
  for (let job = driver.ask(); job !== undefined; job = driver.ask()) {
    const { round, bracket } = driver.get(job.trial).scheduling;
    places.push(`${round}.${bracket}`);
  }
  const counts = [...new Set(places)].map(
    (place) => `${place}: ${places.filter((it) => it === place).length}`,
  );
  assert.deepEqual(counts, ['0.0: 9', '0.1: 5', '0.2: 3', '1.0: 9', '1.1: 5', '1.2: 3']);
  assert.equal(driver.decide(true), undefined);
});

test('a promotion goes before the trials of a later bracket', () => {
  const driver = study(9);
  for (let i = 0; i < 10; i++) driver.ask();
  for (let trial = 1; trial <= 9; trial++) driver.report(trial, 1, trial);
  assert.deepEqual(
    [1, 2, 3, 4].map(() => driver.ask()!.trial),
    [1, 2, 3, 11],
  );
});
