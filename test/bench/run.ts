/** `npm run bench`: see README.md. */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { table } from '../../server/cli/table.js';
import { compare, type Pace, type Row } from './compare.js';
import { questions } from './questions.js';

const usualPace: Pace = { warmUpMs: 4000, turnMs: 1500, rounds: 7, fewestRequests: 1000 };
/** Shows that it runs. Its figures mean nothing: nothing is compiled yet. */
const quickPace: Pace = { warmUpMs: 0, turnMs: 0, rounds: 2, fewestRequests: 256 };

const { values: flags } = parseArgs({
  options: {
    json: { type: 'boolean', default: false },
    quick: { type: 'boolean', default: false },
    only: { type: 'string', default: '' },
    profile: { type: 'string' },
  },
});

const directory = mkdtempSync(path.join(tmpdir(), 'wazir-bench-'));
process.on('exit', () => rmSync(directory, { recursive: true, force: true }));
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => process.exit(1));

const rows: Row[] = [];
for (const [i, question] of questions.entries()) {
  if (!question.name.includes(flags.only)) continue;
  const dataDir = path.join(directory, String(i));
  mkdirSync(dataDir);
  const row = await compare(question, flags.quick ? quickPace : usualPace, {
    dataDir,
    profileDir: flags.profile,
  });
  rows.push(row);
  if (flags.json) process.stdout.write(jsonLine(row));
  rmSync(dataDir, { recursive: true });
}
if (!flags.json) process.stdout.write(`${tableOf(rows)}\n`);

function jsonLine({ question, ratio, low, high }: Row): string {
  return `${JSON.stringify({ question, ratio, low, high })}\n`;
}

function tableOf(all: readonly Row[]): string {
  const head = ['question', 'ratio', 'low–high', 'by wall', 'wazir', '', 'echo', '', 'client'];
  const rate = (perSecond: number) => `${Math.round(perSecond).toLocaleString('en')}/s`;
  const micros = (each: number) => `${each.toFixed(1)} µs`;
  return table(
    head,
    all.map(({ question, ratio, low, high, wallRatio, wazir, echo, clientMicrosPerRequest }) => [
      question,
      ratio.toFixed(2),
      `${low.toFixed(2)}–${high.toFixed(2)}`,
      wallRatio.toFixed(2),
      micros(wazir.cpuMicrosPerRequest),
      rate(wazir.requestsPerSecond),
      micros(echo.cpuMicrosPerRequest),
      rate(echo.requestsPerSecond),
      micros(clientMicrosPerRequest),
    ]),
  );
}
