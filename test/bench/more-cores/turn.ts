import { busyMicros, cpuOf } from './cpu.js';
import type { Setup } from './setups.js';
import type { LoadedStudies } from './studies.js';

/** What a setup did in one turn; times in microseconds of CPU a report. */
export interface Turn {
  readonly perSecond: number;
  /** All threads of all its processes. */
  readonly server: number;
  /** That of the busiest thread: with cores without end, the next report follows after so long. */
  readonly busiest: number;
  readonly client: number;
  /** Of main threads and of the others, by what their processes do. */
  readonly byRole: Readonly<Record<string, number>>;
  /** Cores that were busy with something else meanwhile. */
  readonly foreignCores: number;
}

/** Other work on the machine makes wall-clock figures worthless: a turn beside more than this is repeated … */
const quietCores = 0.1;
/** … so many times, after which the quietest counts. */
const mostTries = 4;

export async function takeTurn(setup: Setup, studies: LoadedStudies, reports: number): Promise<Turn> {
  let best = await tryTurn(setup, studies, reports);
  for (let tries = 1; tries < mostTries && best.foreignCores > quietCores; tries++) {
    const next = await tryTurn(setup, studies, reports);
    if (next.foreignCores < best.foreignCores) best = next;
  }
  return best;
}

async function tryTurn(setup: Setup, studies: LoadedStudies, wanted: number): Promise<Turn> {
  const load = studies.load(wanted);
  const busyBefore = busyMicros();
  const before = setup.parts.map(({ pid }) => cpuOf(pid));
  const { reports, ms, clientMicros } = await load();
  const busy = busyMicros() - busyBefore;
  const each = setup.parts.map(({ role, pid }, i) => {
    const { main, others } = cpuOf(pid);
    return {
      role,
      main: (main - before[i]!.main) / reports,
      others: (others - before[i]!.others) / reports,
    };
  });
  const byRole: Record<string, number> = {};
  for (const { role, main, others } of each) {
    byRole[role] = (byRole[role] ?? 0) + main;
    byRole[`${role}, other threads`] = (byRole[`${role}, other threads`] ?? 0) + others;
  }
  const server = each.reduce((sum, { main, others }) => sum + main + others, 0);
  return {
    perSecond: (reports / ms) * 1000,
    server,
    busiest: Math.max(...each.map(({ main }) => main)),
    client: clientMicros / reports,
    byRole,
    foreignCores: Math.max(0, busy - server * reports - clientMicros) / (ms * 1000),
  };
}
