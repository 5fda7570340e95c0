import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { isMet, unitOf } from './targets.js';

const row = (ratio: number, target: string) => ({ question: 'q', ratio, low: 0, high: 10, target });

describe('targets', () => {
  it('are met at their bound, on its right side', () => {
    assert.equal(isMet(row(0.8, '>= 0.80')), true);
    assert.equal(isMet(row(0.79, '>= 0.80')), false);
    assert.equal(isMet(row(5, '<= 5 s')), true);
    assert.equal(isMet(row(5.1, '<= 5 s')), false);
  });

  it('tell their unit, a ratio has none', () => {
    assert.equal(unitOf(row(1, '<= 600 B')), ' B');
    assert.equal(unitOf(row(1, '<= 1.2')), '');
  });

  it('are refused in any other form', () => {
    for (const target of ['', '0.8', '> 0.8', '>=0.8', '<= x'])
      assert.throws(() => isMet(row(1, target)), /written/);
  });
});
