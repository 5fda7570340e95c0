/** A wall clock that can be moved under a running process. */
import { spawnSync } from 'node:child_process';
import { closeSync, openSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const source = fileURLToPath(new URL('clock-shim.c', import.meta.url));

export class MovedClock {
  readonly #library: string;
  readonly #offset: string;

  /** @param directory where the shim is compiled to */
  constructor(directory: string) {
    this.#library = join(directory, 'clock-shim.so');
    this.#offset = join(directory, 'clock-offset');
    this.move(0);
    const built = spawnSync('gcc', ['-shared', '-fPIC', '-O1', '-o', this.#library, source, '-ldl']);
    if (built.status !== 0) throw new Error(`the shim does not compile: ${built.stderr.toString()}`);
  }

  static get works(): boolean {
    return process.platform === 'linux' && spawnSync('gcc', ['--version']).status === 0;
  }

  get environment(): Record<string, string> {
    return { LD_PRELOAD: this.#library, WAZIR_CLOCK_OFFSET: this.#offset };
  }

  /** Sets the clock so many seconds ahead of the true time, or behind it. */
  move(seconds: number): void {
    const bytes = Buffer.alloc(8);
    bytes.writeBigInt64LE(BigInt(seconds));
    const file = openSync(this.#offset, 'a+');
    closeSync(file);
    // In place: the process has the file mapped.
    const place = openSync(this.#offset, 'r+');
    writeSync(place, bytes, 0, 8, 0);
    closeSync(place);
  }
}
