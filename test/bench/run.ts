/** `npm run bench`: see README.md. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import type { Outcome } from './experiment.js';
import { experiments } from './experiments.js';
import { asJson, asText, writeResults, type Answered } from './results.js';
import { Setting } from './setting.js';

const { values: flags } = parseArgs({
  options: {
    json: { type: 'boolean', default: false },
    quick: { type: 'boolean', default: false },
    only: { type: 'string', default: '' },
  },
});
const asked = experiments.filter(({ name }) => name.includes(flags.only));
if (asked.length === 0) {
  process.stderr.write(`none holds "${flags.only}": ${experiments.map(({ name }) => name).join('; ')}\n`);
  process.exit(2);
}

const root = mkdtempSync(path.join(tmpdir(), 'wazir-bench-'));
process.on('exit', () => rmSync(root, { recursive: true, force: true }));
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => process.exit(1));

const setting = new Setting(root, flags.quick);
const answered: Answered[] = [];

/** The others still answer; the run as a whole has failed. */
function failed(error: unknown): Outcome {
  process.exitCode = 1;
  const what = error instanceof Error ? error : new Error(String(error));
  process.stderr.write(`${what.stack}\n`);
  return { remark: `NOT ANSWERED: ${what.message}` };
}

const start = performance.now();
try {
  for (const experiment of asked) {
    // What is slow is told of, where somebody waits.
    if (process.stderr.isTTY) process.stderr.write(`${experiment.name} …\n`);
    const outcome = await experiment.run(setting).catch(failed);
    answered.push({ experiment, outcome });
    if (outcome.remark !== undefined) process.stderr.write(`${outcome.remark}\n`);
    if (flags.json) for (const row of outcome.targets ?? []) process.stdout.write(`${asJson(row)}\n`);
  }
  await setting.close();
} finally {
  await setting.kill();
}
if (!flags.json) process.stdout.write(`${asText(answered)}\n`);
// Parts of a run, and runs without figures that mean anything, leave the results of the last whole one.
if (asked.length === experiments.length && !flags.quick)
  writeResults(import.meta.dirname, answered, (performance.now() - start) / 60_000);
