/** `npm run bench:peers`: Wazir beside OSS Vizier and Optuna, at the same work. Writes ../PEERS.md. */
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { runCell, type Cell, type Pace } from './cell.js';
import { contenders, type Contender } from './contenders.js';
import { runProbe, type Probe } from './probe.js';
import { pythonOf, versionsIn, type EnvironmentName } from './python-environment.js';
import { ratios, targetClients } from './ratios.js';
import { pageOf } from './results.js';

const { values: flags } = parseArgs({
  options: {
    /** Shows that it runs. Its figures mean nothing: nothing is warm yet. */
    quick: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
    /** Seconds measured in each cell. */
    seconds: { type: 'string' },
    /** Only cells with so many clients. */
    clients: { type: 'string' },
    /** Only contenders whose name begins so. */
    only: { type: 'string', default: '' },
  },
});

const seconds = Number(flags.seconds ?? (flags.quick ? 1 : 12));
const pace: Pace = { warmUp: flags.quick ? 0.2 : 4, seconds, slowest: 5 };
/** How often each number of clients is run, everybody in turn. */
const plan = flags.quick
  ? [{ clients: 2, rounds: 1 }]
  : [1, 4, targetClients, 16, 64]
      .filter((clients) => flags.clients === undefined || clients === Number(flags.clients))
      .map((clients) => ({ clients, rounds: clients === targetClients ? 3 : 1 }));
const packages = { vizier: 'google-vizier', optuna: 'optuna', wazir: 'wazir' } as const;

const note = (text: string) => process.stderr.write(`${text}\n`);
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => process.exit(1));

const pythons = new Map<EnvironmentName, string>();
const versions: Record<string, Record<string, string>> = {};
const missing: string[] = [];
const chosen = contenders.filter(({ name }) => name.startsWith(flags.only));
for (const name of new Set(chosen.map(({ server }) => server))) {
  try {
    const python = await pythonOf(name);
    pythons.set(name, python);
    versions[name] = await versionsIn(python, [packages[name], 'grpcio', 'protobuf']);
  } catch (error) {
    missing.push(`no Python environment for ${name}: ${String(error).slice(0, 500)}`);
    note(missing.at(-1)!);
  }
}
const able = chosen.flatMap((contender) => {
  const python = pythons.get(contender.server);
  return python === undefined ? [] : [{ contender, python }];
});

const probes: Probe[] = [];
for (const { contender, python } of able) {
  const probe = await runProbe(contender, python);
  if (probe !== undefined) probes.push(probe);
}
const cells: Cell[] = [];
for (const { clients, rounds } of plan)
  for (let round = 0; round < rounds; round++)
    for (const { contender, python } of able) cells.push(await noted(contender, python, clients));

const rows = ratios(cells);
const page = pageOf({ cells, probes, rows, versions, missing, pace });
if (flags.json) for (const row of rows) process.stdout.write(`${JSON.stringify(row)}\n`);
else process.stdout.write(page);
const whole = !flags.quick && flags.only === '' && flags.clients === undefined && missing.length === 0;
if (whole) writeFileSync(path.join(import.meta.dirname, '../PEERS.md'), page);

async function noted(contender: Contender, python: string, clients: number): Promise<Cell> {
  const cell = await runCell(contender, python, clients, pace);
  const shares = [cell.serverShare, cell.driverShare].map((share) => share.toFixed(2)).join(' and ');
  const rate = cell.trialsPerSecond.toFixed(1);
  note(`${contender.title}, ${clients} clients: ${rate} trials/s; server and clients use ${shares} cores`);
  return cell;
}
