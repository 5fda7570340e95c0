/** `npm run bench:cores`: see ../MORE-CORES.md. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { table } from '../../../server/cli/table.js';
import { compareSetups, type Row } from './compare-setups.js';
import { fronts, peers, wholeServers, type Setup, type Start } from './setups.js';
import { storeHandOver, type HandOver } from './store-hand-over.js';

const { values: flags } = parseArgs({
  options: {
    json: { type: 'boolean', default: false },
    quick: { type: 'boolean', default: false },
    'in-flight': { type: 'string', default: '256' },
  },
});

const starts: readonly Start[] = [wholeServers(1), wholeServers(2), fronts(1), fronts(2), peers(2)];
const studies = 16;
const size = { studies, trialsOfEach: Math.ceil(Number(flags['in-flight']) / studies), connections: 8 };
const pace = flags.quick ? { warmUps: 0, turns: 1, reports: 512 } : { warmUps: 2, turns: 7, reports: 25_000 };

const directory = mkdtempSync(path.join(tmpdir(), 'wazir-cores-'));
process.on('exit', () => rmSync(directory, { recursive: true, force: true }));
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => process.exit(1));

const setups: Setup[] = [];
try {
  for (const start of starts) setups.push(await start(directory));
  const rows = await compareSetups(setups, size, pace);
  for (const setup of setups) await setup.close();
  const costs = await storeHandOver(path.join(directory, 'hand-over'), pace);
  const lines = [...rows, ...costs].map((row) => `${JSON.stringify(row)}\n`).join('');
  process.stdout.write(flags.json ? lines : `${tableOf(rows)}\n\n${costTable(costs)}\n`);
} finally {
  for (const setup of setups) setup.kill();
}

function micros(each: number): string {
  return `${each.toFixed(1)} µs`;
}

function tableOf(rows: readonly Row[]): string {
  return table(
    ['setup', 'reports', 'ratio', 'low–high', 'server', 'busiest', 'client', 'foreign', 'where'],
    rows.map(({ setup, ratio, low, high, median: turn }) => [
      setup,
      `${Math.round(turn.perSecond).toLocaleString('en')}/s`,
      ratio.toFixed(2),
      `${low.toFixed(2)}–${high.toFixed(2)}`,
      micros(turn.server),
      micros(turn.busiest),
      micros(turn.client),
      turn.foreignCores.toFixed(2),
      Object.entries(turn.byRole)
        .map(([role, each]) => `${role} ${each.toFixed(1)}`)
        .join(' · '),
    ]),
  );
}

function costTable(costs: readonly HandOver[]): string {
  return table(
    ['reports a batch', "the batch, main thread's µs a report", 'handed to a thread'],
    costs.map(({ reports, batch, handOver }) => [String(reports), micros(batch), micros(handOver)]),
  );
}
