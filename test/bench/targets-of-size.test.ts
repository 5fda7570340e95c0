import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { examine } from '../../server/doctor/examine.js';
import { openLevelStore } from '../../server/store/level.js';
import { openMillion } from './open-finished.js';
import { promotionDecision } from './promotion-decision.js';
import { seedStudy } from './seed-study.js';

test('opening and promotion are measured, whatever the figures', { timeout: 120_000 }, async (t) => {
  const directory = await mkdtemp(join(tmpdir(), 'wazir-bench-'));
  t.after(() => rm(directory, { recursive: true, force: true }));
  const rows = [
    ...(await openMillion({ quick: true, directory })),
    ...(await promotionDecision({ quick: true })),
  ];
  assert.equal(rows.length, 3);
  for (const { ratio, low, high } of rows) assert.ok(low <= ratio && ratio <= high && Number.isFinite(ratio));
});

for (const kind of ['finished', 'resting'] as const)
  test(`a seeded study of ${kind} trials is what a server writes`, { timeout: 120_000 }, async (t) => {
    const directory = await mkdtemp(join(tmpdir(), 'wazir-seed-'));
    t.after(() => rm(directory, { recursive: true, force: true }));
    const study = { owner: 'default', study: kind };
    await seedStudy({ directory, study, trials: 2500, kind, requestIds: true });
    // A table that its closing left half-written would be written anew under the doctor's own name of it.
    await (await openLevelStore({ directory })).close();
    const { findings, trials } = await examine(directory);
    assert.deepEqual(findings, []);
    assert.equal(trials, 2500);
  });
