import assert from 'node:assert/strict';
import { test } from 'node:test';
import { barLines } from '../../server/cli/watch-bars.js';

const full = '█'.repeat(30);

test('bars stand in columns', () => {
  const rungs = [
    { bracket: 0, rung: 0, target: 1, done: 5, entered: 10, best: 0.5 },
    { bracket: 0, rung: 1, target: 27, done: 2, entered: 2, best: undefined },
  ];
  assert.deepEqual(barLines(rungs), [
    `rung 0 (to 1)  ${'█'.repeat(15)}${'░'.repeat(15)} 5/10 best 0.5`,
    `rung 1 (to 27) ${full}  2/2`,
  ]);
});

test('brackets are named where there are several', () => {
  const rungs = [0, 1].map((bracket) => ({
    bracket,
    rung: 0,
    target: undefined,
    done: 0,
    entered: 0,
    best: -1e-9,
  }));
  const lines = barLines(rungs);
  assert.match(lines[0]!, /^bracket 0, rung 0 ░{30} 0\/0 best -1e-9$/);
  assert.match(lines[1]!, /^bracket 1, rung 0 /);
  assert.deepEqual(barLines([]), []);
});
