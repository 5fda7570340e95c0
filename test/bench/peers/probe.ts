/** What a whole trial costs in calls and in syncs, with one client: shows that durability is what it is said to be. */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { withServer } from './cell.js';
import { driverCommand, type Contender } from './contenders.js';
import { PinnedProcess } from './pinned-process.js';

export interface Probe {
  readonly contender: Contender;
  /** Calls of a trial, and messages on streams, by method. */
  readonly calls: Readonly<Record<string, number>>;
  /** Calls of fsync and fdatasync of the server in a trial; undefined where there is no strace. */
  readonly syncs: number | undefined;
  readonly pragmas: Readonly<Record<string, string | number>> | undefined;
}

const canTrace = spawnSync('strace', ['--version']).error === undefined;

/** Undefined for a contender whose client can not be probed. */
export async function runProbe(contender: Contender, python: string): Promise<Probe | undefined> {
  if (contender.module === undefined) return undefined;
  return withServer(contender, python, async (server, address, directory, { pragmas }) => {
    const command = driverCommand(contender, 'probe', python, { address, clients: 1, first: 0 });
    const client = new PinnedProcess(command, 1);
    try {
      await client.said('ready');
      const trace = canTrace ? await countSyncs(server.pid, directory) : undefined;
      client.tell({ go: true });
      const { trials, calls } = await client.said<{ trials: number; calls: Record<string, number> }>(
        'trials',
      );
      const syncs = await trace?.();
      return {
        contender,
        calls: Object.fromEntries(Object.entries(calls).map(([method, count]) => [method, count / trials])),
        syncs: syncs === undefined ? undefined : syncs / trials,
        pragmas,
      };
    } finally {
      await client.kill();
    }
  });
}

/** Counts from now on; what it returns ends that. */
async function countSyncs(pid: number, directory: string): Promise<() => Promise<number>> {
  const output = path.join(directory, 'syncs.strace');
  const args = ['-f', '-e', 'trace=fsync,fdatasync', '-o', output, '-p', String(pid)];
  const strace = spawn('strace', args, { stdio: ['ignore', 'ignore', 'pipe'] });
  // It says to which threads it has attached itself.
  await once(strace.stderr, 'data');
  return async () => {
    const exited = once(strace, 'exit');
    strace.kill('SIGINT');
    await exited;
    // A call that another thread interrupts has two lines, and one of them ends with its result.
    return readFileSync(output, 'utf8').match(/\) += 0$/gm)?.length ?? 0;
  };
}
