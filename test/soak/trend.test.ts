import assert from 'node:assert/strict';
import { test } from 'node:test';
import { slope } from './trend.js';

test('the slope of a line is the line’s own, whatever swings around it', () => {
  const line = [0, 1, 2, 3].map((x) => ({ x, y: 5 + 2 * x }));
  assert.equal(slope(line), 2);
  assert.equal(slope(line.map(({ x, y }, i) => ({ x, y: y + (i === 0 || i === 3 ? 1 : -1) }))), 2);
  assert.equal(slope([]), 0);
  assert.equal(slope([{ x: 1, y: 9 }]), 0);
});
