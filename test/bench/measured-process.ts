import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { ProfileKind } from './profile/record.js';
import type { Question, Said } from './serving.js';

/** A server in a process of its own. */
export class MeasuredProcess {
  private constructor(
    private readonly child: ChildProcess,
    readonly port: number,
  ) {}

  /**
   * Starts it and waits until it listens.
   * @param script beside this file
   * @param nodeOptions for the process's Node itself
   */
  static async start(script: string, args: string[], nodeOptions: string[] = []): Promise<MeasuredProcess> {
    const child = fork(fileURLToPath(new URL(script, import.meta.url)), args, {
      execArgv: [...nodeOptions, '--import', import.meta.resolve('tsx')],
    });
    const said = await saidBy(child);
    if (!('port' in said)) throw new Error(`${script} did not tell its port`);
    return new MeasuredProcess(child, said.port);
  }

  get pid(): number {
    return this.child.pid!;
  }

  /** CPU time that it has used so far, of all its threads, in microseconds. */
  async cpuMicros(): Promise<number> {
    const said = await this.#ask({ kind: 'cpu' });
    if (!('cpuMicros' in said)) throw new Error('the process did not tell its CPU time');
    return said.cpuMicros;
  }

  /** What the system has given it of its memory. */
  async residentBytes(): Promise<number> {
    const said = await this.#ask({ kind: 'memory' });
    if (!('residentBytes' in said)) throw new Error('the process did not tell its memory');
    return said.residentBytes;
  }

  /** How many requests the echo has answered so far. */
  async answered(): Promise<number> {
    const said = await this.#ask({ kind: 'count' });
    if (!('answered' in said)) throw new Error('the process did not tell its count');
    return said.answered;
  }

  /** Writes a profile of what it does while `run` runs. */
  async profile(of: ProfileKind, file: string, run: () => Promise<void>): Promise<void> {
    await this.#ask({ kind: 'profile', of });
    await run();
    await this.#ask({ kind: 'profiled', file });
  }

  /** Sets what the echo answers to calls of a method. */
  async setAnswer(path: string, answer: Buffer): Promise<void> {
    await this.#ask({ kind: 'answer', path, answer: answer.toString('base64') });
  }

  async close(): Promise<void> {
    const exited = once(this.child, 'exit');
    this.child.send({ kind: 'close' } satisfies Question);
    const [code] = (await exited) as [number | null];
    if (code !== 0) throw new Error(`a measured process ended with ${code}`);
  }

  /** Ends it at once, if it still runs. */
  kill(): void {
    this.child.kill('SIGKILL');
  }

  #ask(question: Question): Promise<Said> {
    const said = saidBy(this.child);
    this.child.send(question);
    return said;
  }
}

function saidBy(child: ChildProcess): Promise<Said> {
  return new Promise((resolve, reject) => {
    const ended = (code: number | null) => reject(new Error(`a measured process ended early, with ${code}`));
    child.once('exit', ended);
    child.once('message', (said: Said) => {
      child.off('exit', ended);
      resolve(said);
    });
  });
}
