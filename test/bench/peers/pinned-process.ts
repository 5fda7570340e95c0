/** A process on a core of its own, which is read line by line, and what it uses. */
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import type { Command } from './contenders.js';

/** Whether servers and drivers can be given a core each. */
export const canPin = availableParallelism() > 1 && spawnSync('taskset', ['--version']).error === undefined;

/** Linux counts in hundredths of a second towards programs, whatever its own tick is. */
const ticksPerSecond = 100;

/** Those that still run: they must not outlive this process. */
const running = new Set<ChildProcess>();
process.on('exit', () => running.forEach((child) => child.kill('SIGKILL')));

export class PinnedProcess {
  readonly #child: ChildProcess;
  readonly #lines: AsyncIterator<string>;
  #errors = '';

  constructor({ program, args }: Command, core: number, options: { cwd?: string } = {}) {
    const command = canPin ? ['taskset', '-c', String(core), program, ...args] : [program, ...args];
    this.#child = spawn(command[0]!, command.slice(1), { ...options, stdio: 'pipe' });
    this.#child.stderr!.on(
      'data',
      (chunk: Buffer) => (this.#errors = `${this.#errors}${chunk.toString()}`.slice(-4000)),
    );
    const child = this.#child;
    running.add(child);
    child.on('exit', () => running.delete(child));
    this.#lines = createInterface(this.#child.stdout!)[Symbol.asyncIterator]();
  }

  get pid(): number {
    return this.#child.pid!;
  }

  /** The next line that is a JSON object with one of some keys; others are passed over. */
  async said<T extends object>(...keys: string[]): Promise<T> {
    for (;;) {
      const { done, value } = (await this.#lines.next()) as IteratorResult<string, undefined>;
      if (done) throw new Error(`a process ended early:\n${this.#errors}`);
      const said = value.startsWith('{') ? (JSON.parse(value) as T) : {};
      if (keys.some((key) => key in said)) return said as T;
    }
  }

  tell(said: object): void {
    this.#child.stdin!.write(`${JSON.stringify(said)}\n`);
  }

  /** Seconds of CPU that it has used so far, all threads together. */
  cpuSeconds(): number {
    const stat = readFileSync(path.join('/proc', String(this.pid), 'stat'), 'utf8');
    // The name, which may hold anything, is in parentheses.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return (Number(fields[11]) + Number(fields[12])) / ticksPerSecond;
  }

  /** The most bytes of memory that it has had. */
  peakMemory(): number {
    const status = readFileSync(path.join('/proc', String(this.pid), 'status'), 'utf8');
    return Number(/^VmHWM:\s+(\d+)/m.exec(status)?.[1]) * 1024;
  }

  signal(name: NodeJS.Signals): void {
    this.#child.kill(name);
  }

  /** Ends it at once, if it still runs. */
  async kill(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const exited = once(this.#child, 'exit');
    this.#child.kill('SIGKILL');
    await exited;
  }
}
