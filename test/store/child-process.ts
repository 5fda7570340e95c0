import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

export interface CommittingProcess {
  /** Resolves once the database is open there. */
  readonly opened: Promise<void>;
  /** The numbers acknowledged so far. */
  readonly acknowledged: readonly number[];
  /** Kills it, with SIGKILL, as soon as so many are acknowledged; resolves when all that it said has been read. */
  killAfter(count: number): Promise<void>;
}

/** Starts `committing-process.ts`. */
export function startCommitting(directory: string, first: number): CommittingProcess {
  const script = fileURLToPath(new URL('./committing-process.ts', import.meta.url));
  const child = spawn(
    process.execPath,
    ['--import', import.meta.resolve('tsx'), script, directory, `${first}`],
    {
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  );
  const acknowledged: number[] = [];
  const closed = once(child, 'close');
  let wanted = Infinity;
  const lines = createInterface({ input: child.stdout });
  const ended = once(lines, 'close');
  const opened = new Promise<void>((resolve, reject) => {
    lines.on('line', (line) => {
      if (line === 'open') resolve();
      else acknowledged.push(Number(line));
      if (acknowledged.length >= wanted) child.kill('SIGKILL');
    });
    child.on('exit', (code) =>
      reject(new Error(`the process ended with ${code} before it had opened the database`)),
    );
  });
  return {
    opened,
    acknowledged,
    async killAfter(count) {
      wanted = count;
      if (acknowledged.length >= wanted) child.kill('SIGKILL');
      await Promise.all([closed, ended]);
    },
  };
}
