/** A server in a process of its own, to be killed. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { builtServer } from './built-server.js';

export interface ProcessOptions {
  /** What runs it, such as strace with its flags; node follows. */
  readonly under?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  /** Further flags of `serve`. */
  readonly flags?: readonly string[];
}

/** A line of the server's log. */
export interface LogLine {
  readonly msg: string;
  readonly level: string;
  readonly address?: string;
}

export interface ServerProcess {
  readonly address: string;
  /** The server's own process id, whatever runs it. */
  readonly pid: number;
  /** What it has logged so far. */
  readonly log: readonly LogLine[];
  /** What it wrote to standard error. */
  readonly errors: () => string;
  /** Ends it with SIGKILL; resolves when it is gone. */
  kill(): Promise<void>;
  /** Ends it with SIGTERM; resolves with its exit code. */
  stop(): Promise<number | null>;
  /** Resolves with its exit code when it has ended by itself. */
  readonly ended: Promise<number | null>;
}

/** A server that ended before it listened. */
export class NotStarted extends Error {
  constructor(
    readonly code: number | null,
    readonly said: string,
  ) {
    super(`the server ended with ${code} before it listened: ${said}`);
  }
}

/** Starts a server; rejects with NotStarted where it ends before it listens. */
export async function startServerProcess(
  dataDir: string,
  options: ProcessOptions = {},
): Promise<ServerProcess> {
  return (await spawnServer(dataDir, options)).listening;
}

/** Starts a server without waiting until it listens. */
export async function spawnServer(
  dataDir: string,
  options: ProcessOptions = {},
): Promise<{ readonly listening: Promise<ServerProcess>; kill(): Promise<void> }> {
  const { under = [], environment = {}, flags = [] } = options;
  const [command, ...given] = [
    ...under,
    process.execPath,
    await builtServer(),
    ...['serve', '--listen', '127.0.0.1:0', '--data', dataDir, ...flags],
  ];
  const child = spawn(command!, given, {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...environment },
  });
  let said = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (said += text));
  const log: LogLine[] = [];
  const pid = () => (under.length > 0 ? childOf(child.pid!) : child.pid!);
  const ended = once(child, 'close').then(() => child.exitCode);
  const kill = async () => {
    signal(pid(), 'SIGKILL');
    await ended;
  };
  const listening = new Promise<ServerProcess>((resolve, reject) => {
    createInterface({ input: child.stdout }).on('line', (line) => {
      const event = JSON.parse(line) as LogLine;
      log.push(event);
      if (event.msg !== 'listening') return;
      const stop = () => {
        signal(pid(), 'SIGTERM');
        return ended;
      };
      resolve({ address: event.address!, pid: pid(), log, errors: () => said, kill, stop, ended });
    });
    child.once('error', reject);
    void ended.then((code) => reject(new NotStarted(code, said)));
  });
  listening.catch(() => undefined);
  return { listening, kill };
}

/** The process that another one runs: strace does not pass signals on. */
function childOf(pid: number): number {
  try {
    return Number(readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ')[0]);
  } catch {
    return 0;
  }
}

/** The process may have ended by itself. */
function signal(pid: number, name: NodeJS.Signals): void {
  // 0 would mean the whole group.
  if (pid === 0) return;
  try {
    process.kill(pid, name);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}
