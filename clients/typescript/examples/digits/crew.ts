import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { HangMessage } from './worker.js';

export interface CrewOptions {
  readonly address: string;
  readonly study: string;
  readonly workers: number;
  readonly checkpoints: string;
  readonly seed: number;
  /** Kills all that still work when it aborts. */
  readonly signal: AbortSignal;
}

/** What a worker that was killed left behind. */
export interface Loss {
  readonly worker: string;
  readonly trial: number;
  readonly epoch: number;
}

/**
 * Runs worker processes until all have ended by themselves. The first is killed
 * (SIGKILL) in the middle of a trial, and a new one, under a name of its own,
 * takes its place.
 *
 * @throws Error where a worker ended otherwise; the others are killed then.
 */
export async function runCrew(options: CrewOptions, onLoss: (loss: Loss) => void): Promise<void> {
  const crew = new Set<ChildProcess>();
  const killAll = () => crew.forEach((child) => child.kill('SIGKILL'));
  options.signal.addEventListener('abort', killAll);

  const work = async (number: number, hang: boolean): Promise<void> => {
    const worker = `w${number}`;
    const child = start(worker, hang, options);
    crew.add(child);
    let loss: Loss | undefined;
    child.on('message', ({ trial, epoch }: HangMessage) => {
      loss = { worker, trial, epoch };
      child.kill('SIGKILL');
    });
    const [code, signal] = (await once(child, 'exit')) as [number | null, NodeJS.Signals | null];
    crew.delete(child);
    if (loss !== undefined) {
      onLoss(loss);
      return work(options.workers + 1, false);
    }
    if (code !== 0 && !options.signal.aborted)
      throw new Error(`worker ${worker} ended with ${signal ?? code}`);
  };

  try {
    await Promise.all(Array.from({ length: options.workers }, (_, i) => work(i + 1, i === 0)));
  } finally {
    options.signal.removeEventListener('abort', killAll);
    killAll();
  }
}

function start(worker: string, hang: boolean, options: CrewOptions): ChildProcess {
  const args = {
    server: options.address,
    study: options.study,
    worker,
    checkpoints: options.checkpoints,
    seed: String(options.seed),
  };
  const flags = Object.entries(args).flatMap(([name, value]) => [`--${name}`, value]);
  // A worker inherits `--import tsx` with the options of this process.
  return fork(fileURLToPath(new URL('worker.ts', import.meta.url)), hang ? [...flags, '--hang'] : flags, {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
}
