import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RungResultKind } from '../../../server/domain/spec.js';
import { Driver } from './driver.js';
import { specOf } from './spec.js';

test('without a resource reports change nothing', () => {
  const driver = new Driver(specOf({ $case: 'single', value: {} }, undefined));
  assert.deepEqual(driver.ask(), { trial: 1, target: 0 });
  const { scheduling } = driver.get(1);
  for (const step of [0, 1, 1_000_000]) assert.equal(driver.report(1, step, step), 'continue');
  assert.equal(driver.get(1).scheduling, scheduling);
  driver.retire(1, 'failed');
  assert.equal(driver.get(1).scheduling, scheduling);
});

test('with a resource a trial completes at its maximum', () => {
  const driver = new Driver(specOf({ $case: 'single', value: {} }, 10));
  assert.deepEqual(driver.ask(), { trial: 1, target: 10 });
  assert.equal(driver.report(1, 9, 0.5), 'continue');
  assert.equal(driver.report(1, 11, 0.25), 'complete');
  assert.deepEqual(driver.get(1).scheduling.results, [
    { rung: 0, kind: RungResultKind.VALUE, loss: 0.25, sequence: 2 },
  ]);
  driver.ask();
  driver.retire(2, 'failed');
  assert.deepEqual(driver.get(2).scheduling.results, [
    { rung: 0, kind: RungResultKind.FAILED, loss: 0, sequence: 3 },
  ]);
});

test('it starts whatever may start', () => {
  const driver = new Driver(specOf({ $case: 'single', value: {} }, undefined), 2);
  assert.equal(driver.ask()?.trial, 1);
  assert.equal(driver.ask()?.trial, 2);
  assert.equal(driver.ask(), undefined);
});
