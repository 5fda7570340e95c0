import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import path from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import type { Cell } from './cell.js';
import { contenders } from './contenders.js';
import { histogram, median, percentile } from './meter.js';
import { ratios } from './ratios.js';

const script = path.join(import.meta.dirname, 'run.ts');
const node = ['--import', import.meta.resolve('tsx'), script];

// The peers' own environments are 1 GB and a minute of installing, which is why they are not part of the tests.
test('each of our own clients does whole trials', { timeout: 300_000 }, async () => {
  const run = promisify(execFile)(process.execPath, [...node, '--quick', '--only', 'wazir']);
  const { stdout } = await run;
  const ours = contenders.filter(({ server }) => server === 'wazir');
  for (const { title } of ours) {
    const [, rate] = new RegExp(`^\\| 2 \\| ${title} \\| ([\\d.]+)`, 'm').exec(stdout) ?? [];
    assert.ok(Number(rate) > 0, `${title}:\n${stdout}`);
  }
  const calls = [...stdout.matchAll(/1 SuggestTrials, 10 \w+, 1 CompleteTrial/g)];
  assert.equal(calls.length, ours.filter(({ module }) => module !== undefined).length, stdout);
});

test('ratios are those of rounds, and of 8 clients alone', () => {
  const cell = (name: string, clients: number, trialsPerSecond: number) =>
    ({ contender: contenders.find((one) => one.name === name), clients, trialsPerSecond }) as unknown as Cell;
  const rows = ratios([
    cell('vizier', 1, 1000),
    cell('wazir-unary', 1, 1),
    ...[20, 10, 25].map((rate) => cell('vizier', 8, rate)),
    ...[200, 300, 100].map((rate) => cell('wazir-unary', 8, rate)),
  ]);
  assert.deepEqual(rows, [
    {
      question: 'whole trials a second, 8 clients, against OSS Vizier: unary calls',
      ratio: 10,
      low: 4,
      high: 30,
      target: '>= 15',
    },
  ]);
});

test('percentiles of several histograms are right to a bucket', () => {
  const times = Array.from({ length: 1000 }, (_, i) => (i + 1) / 10);
  const parts = [
    histogram(times.filter((_, i) => i % 3 === 0)),
    histogram(times.filter((_, i) => i % 3 > 0)),
  ];
  for (const [share, expected] of [
    [0.5, 50],
    [0.99, 99],
  ] as const) {
    const found = percentile(parts, share);
    assert.ok(Math.abs(found / expected - 1) < 0.025, `${share}: ${found}`);
  }
  assert.ok(Number.isNaN(percentile([], 0.5)));
  assert.equal(median([3, 1, 2]), 2);
});
