import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { existsSync, statSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { test } from 'node:test';
import type { TargetRow } from './target-row.js';
import { isMet } from './targets.js';

/** The table of targets. */
const questions = [
  'unary report, 64 in flight',
  'unary report, 256 in flight',
  'streamed reports, 1 stream',
  'streamed reports, 64 streams',
  'suggest, 64 in flight',
  'open 1e6 finished trials: seconds',
  'open 1e6 finished trials: bytes resident a trial',
  'promotion decision in a rung of 1e6',
  'suggest, 1e6 finished trials against 1e3: median',
  'suggest, 1e6 finished trials against 1e3: p99',
  'suggest, 1e6 trials, 2 of 3 paused against 1e3: median',
  'suggest, 1e6 trials, 2 of 3 paused against 1e3: p99',
  'suggest, 1e5 open studies against 10: median',
  'suggest, 1e5 open studies against 10: p99',
];

const run = (...flags: string[]) => {
  const script = fileURLToPath(new URL('./run.ts', import.meta.url));
  return promisify(execFile)(process.execPath, ['--import', import.meta.resolve('tsx'), script, ...flags]);
};

test('the benchmark answers every question, whatever the figures', { timeout: 180_000 }, async () => {
  const results = fileURLToPath(new URL('./RESULTS.md', import.meta.url));
  const written = () => (existsSync(results) ? statSync(results).mtimeMs : undefined);
  const before = written();
  const { stdout } = await run('--quick', '--json');
  const rows = stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as TargetRow);
  assert.deepEqual(
    rows.map(({ question }) => question),
    questions,
  );
  for (const row of rows) {
    assert.deepEqual(Object.keys(row), ['question', 'ratio', 'low', 'high', 'target']);
    const { ratio, low, high } = row;
    assert.ok(0 < low && low <= ratio && ratio <= high && high < Infinity, JSON.stringify(row));
    assert.equal(typeof isMet(row), 'boolean');
  }
  assert.equal(written(), before, 'results that a quick run has written');
});

test('asking for what there is not is refused, with what there is', async () => {
  await assert.rejects(run('--only', 'nonsense'), /none holds "nonsense": unary report, 64 in flight; /);
});
