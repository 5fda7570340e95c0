/** What was measured, as a page. */
import { availableParallelism, cpus, totalmem } from 'node:os';
import type { TargetRow } from '../target-row.js';
import type { Cell, Pace } from './cell.js';
import { contenders, type Contender } from './contenders.js';
import { median } from './meter.js';
import { canPin } from './pinned-process.js';
import type { Probe } from './probe.js';

export interface Results {
  readonly cells: readonly Cell[];
  readonly probes: readonly Probe[];
  readonly rows: readonly TargetRow[];
  /** By the name of the environment. */
  readonly versions: Readonly<Record<string, Readonly<Record<string, string>>>>;
  /** Who could not be run, and why. */
  readonly missing: readonly string[];
  readonly pace: Pace;
}

export function pageOf(results: Results): string {
  const { rows, missing, probes } = results;
  const sections = [
    head(results),
    ...missing.map((reason) => `**Left out**: ${reason}`),
    rows.length === 0 ? '' : `## Against the targets\n\n${targets(rows)}`,
    `## What was measured\n\n${speeds(results)}`,
    probes.length === 0 ? '' : `## What a trial takes\n\n${costs(probes)}`,
  ];
  return `${sections.filter((section) => section !== '').join('\n\n')}\n`;
}

function head({ versions, pace }: Results): string {
  const machine = `${availableParallelism()} cores (${cpus()[0]?.model.trim() ?? 'unknown'}), ${Math.round(totalmem() / 2 ** 30)} GiB`;
  const listed = Object.entries(versions).map(([name, packages]) => {
    const each = Object.entries(packages).map(([what, version]) => `${what} ${version}`);
    return `- ${name}: ${each.join(', ')}`;
  });
  const pinned = canPin
    ? 'The server has core 0 to itself, the clients core 1.'
    : '**Not pinned**: server and clients share all cores, since there is only one or no taskset.';
  return `# Wazir and its peers at the same work

Written by \`npm run bench:peers\`, ${new Date().toISOString().slice(0, 10)}; ${machine}, Linux, Node ${process.versions.node}.

${listed.join('\n')}

A client does one trial after the other: it asks for a suggestion, reports at 10 steps a value of a closed-form curve,
asks after steps 1, 3 and 9 whether to stop where that is a call of its own, and completes the trial. The study has
4 real, 1 integer and 1 categorical parameter and is sampled at random. Values rise from trial to trial, so that
successive halving (Wazir's \`asha_stopping\`, Optuna's \`SuccessiveHalvingPruner\`, both with rungs at 1, 3 and 9) lets
all go on; Vizier's stopping is random, so its answer is asked for and not obeyed. Each is called by the client that its
users have; up to 8 clients are processes of their own, more are threads in 8, and those in TypeScript are loops of one
process. Clients wait for the answer to each call; on the stream in TypeScript they train on while reports are under
way, and complete a trial once all of its reports are acknowledged. Each server is a process of its own, on its default
settings, a disk and an empty database. ${pinned}
Each run: ${pace.warmUp} s to warm up, then ${pace.seconds} s measured. A cell with fewer than ${pace.slowest} trials a second
is stopped early.`;
}

function targets(rows: readonly TargetRow[]): string {
  return table(
    ['question', 'ratio', 'low–high', 'target'],
    rows.map(({ question, ratio, low, high, target }) => [question, String(ratio), `${low}–${high}`, target]),
  );
}

/** A line for each contender and number of clients: the medians of its runs. */
function speeds({ cells }: Results): string {
  const counts = [...new Set(cells.map(({ clients }) => clients))].sort((a, b) => a - b);
  const lines = counts.flatMap((clients) =>
    contenders.flatMap((contender) => {
      const runs = cells.filter((cell) => cell.contender.name === contender.name && cell.clients === clients);
      return runs.length === 0 ? [] : [line(contender, clients, runs)];
    }),
  );
  const heads = ['clients', 'contender', 'trials/s', 'suggest p50 / p99', 'report p50 / p99'];
  const costHeads = [
    'server CPU a trial',
    'clients’',
    'share of core: server',
    'clients',
    'memory',
    'disk a trial',
  ];
  return table([...heads, ...costHeads], lines);
}

function line(contender: Contender, clients: number, runs: readonly Cell[]): string[] {
  const middle = (of: (cell: Cell) => number) => median(runs.map(of));
  const rates = runs.map(({ trialsPerSecond }) => trialsPerSecond);
  const spread =
    runs.length > 1 ? ` (${Math.min(...rates).toFixed(1)}–${Math.max(...rates).toFixed(1)})` : '';
  const times = (kind: 'suggest' | 'report') =>
    `${middle((cell) => cell[kind][0]).toFixed(1)} / ${middle((cell) => cell[kind][1]).toFixed(1)} ms`;
  const stopped = runs.some((cell) => cell.stopped) ? ', stopped early' : '';
  return [
    String(clients),
    contender.title,
    `${middle((cell) => cell.trialsPerSecond).toFixed(1)}${spread}${stopped}`,
    times('suggest'),
    times('report'),
    `${middle((cell) => cell.serverMsPerTrial).toFixed(2)} ms`,
    `${middle((cell) => cell.driverMsPerTrial).toFixed(2)} ms`,
    percent(middle((cell) => cell.serverShare)),
    percent(middle((cell) => cell.driverShare)),
    `${Math.round(middle((cell) => cell.serverMemory) / 2 ** 20)} MiB`,
    `${(middle((cell) => cell.diskBytesPerTrial) / 1024).toFixed(1)} KiB`,
  ];
}

function costs(probes: readonly Probe[]): string {
  const lines = probes.map(({ contender, calls, syncs, pragmas }) => [
    contender.title,
    Object.entries(calls)
      .map(([method, count]) => `${count} ${method}`)
      .join(', '),
    syncs === undefined ? 'not counted: no strace' : String(syncs),
    pragmas === undefined
      ? 'LevelDB, a sync before each answer, writes that wait together in one'
      : `SQLite, ${Object.entries(pragmas)
          .map(([name, value]) => `${name} = ${value}`)
          .join(', ')}`,
  ]);
  const said = 'One client, counted at its stubs and, for syncs, by strace at the server.';
  return `${said}\n\n${table(['contender', 'calls of a trial', 'syncs', 'store'], lines)}`;
}

function percent(share: number): string {
  return `${Math.round(share * 100)} %`;
}

function table(heads: readonly string[], lines: readonly (readonly string[])[]): string {
  const rule = heads.map(() => '---');
  return [heads, rule, ...lines].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}
