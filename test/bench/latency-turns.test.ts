import assert from 'node:assert/strict';
import { it } from 'node:test';
import { ratioRow, spreadOver, type Took } from './latency-turns.js';

const took = (medianMs: number, p99Ms: number): Took => ({ medianMs, p99Ms, cpuMicros: 100 * medianMs });
const large = [took(3, 30), took(2, 8), took(40, 9)];
const small = [took(2, 10), took(2, 8), took(20, 3)];

it('a ratio is of the same round: a slow minute of the machine cancels out', () => {
  assert.deepEqual(ratioRow('large against small', '<= 1.2', 'medianMs', [large, small]), {
    question: 'large against small',
    ratio: 1.5,
    low: 1,
    high: 2,
    target: '<= 1.2',
  });
  assert.equal(ratioRow('', '<= 1.5', 'p99Ms', [large, small]).ratio, 3);
});

it('a spread is over all rounds', () => {
  assert.deepEqual(spreadOver(large, 'cpuMicros'), { median: 300, low: 200, high: 4000 });
});
