import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { test } from 'node:test';
import { questions } from './questions.js';

interface Line {
  question: string;
  ratio: number;
  low: number;
  high: number;
}

test('the benchmark answers every question, whatever the figures', { timeout: 120_000 }, async () => {
  const script = fileURLToPath(new URL('./run.ts', import.meta.url));
  const node = ['--import', import.meta.resolve('tsx'), script, '--quick', '--json'];
  const { stdout } = await promisify(execFile)(process.execPath, node);
  const lines = stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Line);
  assert.deepEqual(
    lines.map(({ question }) => question),
    questions.map(({ name }) => name),
  );
  for (const line of lines) {
    assert.deepEqual(Object.keys(line), ['question', 'ratio', 'low', 'high']);
    const { ratio, low, high } = line;
    assert.ok(0 < low && low <= ratio && ratio <= high && high < Infinity, JSON.stringify(line));
  }
});
