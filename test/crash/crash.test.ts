/**
 * kill -9 of a loaded server, shortly: `npm run test:crash` does the same for as
 * long as one likes. It shows nothing about power cuts: what the process wrote
 * outlives it, synced or not.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { crashLoop } from './crash-loop.js';

const seed = Number(process.env['WAZIR_TEST_SEED'] ?? 8);
const kills = Number(process.env['WAZIR_TEST_KILLS'] ?? 10);

test('every acknowledged call outlives kill -9, and nothing is given twice', async (t) => {
  const result = await crashLoop({ seed, kills, tell: (line) => t.diagnostic(line) });
  const { acknowledged, found, lost, duplicated, broken } = result;
  t.diagnostic(
    `seed ${seed}: ${result.kills} kills, ${acknowledged} acknowledged, ${found} found, ${lost} lost, ${duplicated} duplicated`,
  );
  assert.deepEqual({ lost, duplicated, broken }, { lost: 0, duplicated: 0, broken: 0 });
  // A load that is refused everything would prove nothing.
  for (const call of ['suggestTrials ok', 'reportMeasurement ok', 'releaseTrial ok', 'createTrial ok'])
    assert.ok((result.calls.get(call) ?? 0) > 0, `some ${call}`);
});
