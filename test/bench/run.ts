/** `npm run bench`: see README.md. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { table } from '../../server/cli/table.js';
import { compare, type Pace, type Row } from './compare.js';
import { questions } from './questions.js';
import { startServers } from './servers.js';

const usualPace: Pace = {
  warmUpRequests: 20_000,
  warmUpMs: 8000,
  turnMs: 1500,
  rounds: 7,
  fewestRequests: 1000,
};
/** Shows that it runs. Its figures mean nothing: nothing is compiled yet. */
const quickPace: Pace = { warmUpRequests: 0, warmUpMs: 0, turnMs: 0, rounds: 2, fewestRequests: 256 };

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

const profile =
  flags.profile === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${path.resolve(flags.profile)}`];
const servers = await startServers(directory, profile);
const rows: Row[] = [];
try {
  for (const question of questions.filter(({ name }) => name.includes(flags.only))) {
    const row = await compare(question, flags.quick ? quickPace : usualPace, servers);
    rows.push(row);
    if (flags.json) process.stdout.write(jsonLine(row));
  }
  await Promise.all([servers.wazir.close(), servers.echo.close()]);
} finally {
  servers.wazir.kill();
  servers.echo.kill();
}
if (!flags.json) process.stdout.write(`${tableOf(rows)}\n`);

function jsonLine({ question, ratio, low, high }: Row): string {
  return `${JSON.stringify({ question, ratio: rounded(ratio), low: rounded(low), high: rounded(high) })}\n`;
}

function rounded(ratio: number): number {
  return Number(ratio.toPrecision(3));
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
