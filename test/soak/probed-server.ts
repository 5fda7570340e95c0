/** A server in a process of its own, and what can be seen of it: memory after garbage collection, files, timers. */
import { mkdtemp, readdir, readFile, readlink, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { startServerProcess, type ServerProcess } from '../crash/server-process.js';

/** Bytes and counts at one moment. */
export interface Sample {
  /** Heap in use right after a garbage collection. */
  readonly heap: number;
  readonly external: number;
  readonly arrayBuffers: number;
  readonly rss: number;
  readonly sockets: number;
  readonly files: number;
  readonly timers: number;
  /** All that keeps the event loop going, timers included. */
  readonly resources: number;
  /** Size of the data directory. */
  readonly disk: number;
}

interface Figures {
  readonly heapUsed: number;
  readonly external: number;
  readonly arrayBuffers: number;
  readonly rss: number;
  readonly resources: Readonly<Record<string, number>>;
}

const answerWithinMs = 60_000;

export class ProbedServer {
  #answers = 0;

  private constructor(
    readonly process: ServerProcess,
    private readonly directory: string,
  ) {}

  static async start(): Promise<ProbedServer> {
    const directory = await mkdtemp(join(tmpdir(), 'wazir-soak-'));
    const environment = {
      NODE_OPTIONS: `--import=${new URL('./probe-preload.mjs', import.meta.url).href}`,
      WAZIR_PROBE_FILE: join(directory, 'probe.jsonl'),
    };
    return new ProbedServer(await startServerProcess(join(directory, 'data'), { environment }), directory);
  }

  get address(): string {
    return this.process.address;
  }

  get dataDir(): string {
    return join(this.directory, 'data');
  }

  /** @throws Error where the server does not answer, because it has ended or hangs */
  async sample(): Promise<Sample> {
    process.kill(this.process.pid, 'SIGUSR2');
    const figures = await this.#answer(++this.#answers);
    const opened = await this.#openFiles();
    const { heapUsed: heap, external, arrayBuffers, rss, resources } = figures;
    const count = Object.values(resources).reduce((sum, number) => sum + number, 0);
    const timers = resources['Timeout'] ?? 0;
    return {
      ...{ heap, external, arrayBuffers, rss, timers, resources: count },
      ...opened,
      disk: await sizeOf(this.dataDir),
    };
  }

  async #answer(number: number): Promise<Figures> {
    const file = join(this.directory, 'probe.jsonl');
    for (const until = Date.now() + answerWithinMs; Date.now() < until; await sleep(10)) {
      const text = await readFile(file, 'utf8').catch(() => '');
      const lines = text.split('\n').slice(0, -1);
      if (lines.length >= number) return JSON.parse(lines[number - 1]!) as Figures;
    }
    throw new Error('the server does not say how it is');
  }

  async #openFiles(): Promise<{ sockets: number; files: number }> {
    const folder = `/proc/${this.process.pid}/fd`;
    const names = await readdir(folder);
    const links = await Promise.all(names.map((name) => readlink(join(folder, name)).catch(() => '')));
    const sockets = links.filter((link) => link.startsWith('socket:')).length;
    return { sockets, files: links.filter((link) => link.startsWith('/')).length };
  }

  /** Ends it; resolves with its exit code. */
  stop(): Promise<number | null> {
    return this.process.stop();
  }

  async remove(): Promise<void> {
    await this.process.kill();
    await rm(this.directory, { recursive: true, force: true, maxRetries: 5 });
  }
}

async function sizeOf(directory: string): Promise<number> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true });
  const sizes = entries.map(async (entry) =>
    entry.isFile() ? (await stat(join(entry.parentPath, entry.name)).catch(() => ({ size: 0 }))).size : 0,
  );
  return (await Promise.all(sizes)).reduce((sum, size) => sum + size, 0);
}
