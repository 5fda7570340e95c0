/** The short form of `npm run test:soak`: a few studies live and die; then everything is at its old level. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { leaks, soak } from './soak.js';

test('connections, timers and handles return to their level when studies, streams and clients go', async (t) => {
  const result = await soak({
    ...{ studies: 3, workers: 3, maxTrials: 12, seed: 1, everyMs: 1000 },
    tell: () => undefined,
    goesOn: (lives) => lives < 6,
  });
  assert.deepEqual(leaks(result), []);
  t.diagnostic(`${result.world.calls} calls, ${result.world.counts.get('connections') ?? 0} connections`);
});
