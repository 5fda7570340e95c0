/**
 * The fixed script against a server whose disk fails, by strace: what the callers
 * hear, what the health service says, and, once the server was killed and started
 * on a sound disk, whether all that was acknowledged is there.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { CrashCheck } from './crash-check.js';
import { checkServer } from './crash-life.js';
import { FaultScript } from './fault-script.js';
import { Findings } from './findings.js';
import { HealthWatch } from './health-watch.js';
import { Ledger } from './ledger.js';
import { Connection } from './methods.js';
import { Random } from './random.js';
import { NotStarted, startServerProcess, type ServerProcess } from './server-process.js';

export interface FaultedRun {
  /** Whether the fault came to pass. */
  readonly fired: boolean;
  /** Why it did not start; undefined where it did. */
  readonly notStarted: NotStarted | undefined;
  /** What the script was told besides answers. */
  readonly refusals: readonly string[];
  /** What the health service told, each once. */
  readonly states: readonly string[];
  /** Messages of the server's log. */
  readonly logged: readonly string[];
}

/** A data directory and what clients have been told about it, over several servers. */
export class FaultedDirectory {
  readonly dataDir: string;
  readonly #ledger: Ledger;
  readonly #findings = new Findings();
  readonly #check: CrashCheck;
  readonly #random = new Random(1);
  #runs = 0;

  constructor(private readonly directory: string) {
    this.dataDir = join(directory, 'data');
    this.#ledger = new Ledger(join(directory, 'ledger.jsonl'));
    this.#check = new CrashCheck(this.#findings, this.#ledger);
  }

  get acknowledged(): number {
    return this.#ledger.acknowledged;
  }

  /**
   * Plays the script on a server whose calls fail, and kills it.
   * @param faults what strace is to do, such as `inject=fdatasync:error=EIO:when=3`
   * @param paths only calls that concern one of these files are meant; empty: all
   * @param use what is done with the server; the script unless told
   */
  async run(
    faults: readonly string[],
    paths: readonly string[] = [],
    use?: (server: ServerProcess, script: FaultScript, health: HealthWatch) => Promise<void>,
  ): Promise<FaultedRun> {
    const run = ++this.#runs;
    const trace = join(this.directory, `trace-${run}`);
    const flags = [
      ...['-f', '--seccomp-bpf', '-o', trace],
      ...['-e', `trace=${[...new Set(faults.map(callOf))].join()}`],
      ...faults.flatMap((fault) => ['-e', fault]),
      ...paths.flatMap((path) => ['-P', path]),
    ];
    let server: ServerProcess;
    try {
      server = await startServerProcess(this.dataDir, {
        under: ['strace', ...flags],
        // strace counts the calls of each thread by themselves: the database's are all to be of one.
        environment: { UV_THREADPOOL_SIZE: '1' },
      });
    } catch (error) {
      if (!(error instanceof NotStarted)) throw error;
      return { fired: fired(trace), notStarted: error, refusals: [], states: [], logged: [] };
    }
    const connection = new Connection(server.address);
    const health = new HealthWatch(server.address);
    const script = new FaultScript(this.#ledger, connection, `${run}`);
    try {
      if (use) await use(server, script, health);
      else await script.play();
    } finally {
      health.close();
      connection.close();
      await server.kill();
    }
    const { refusals } = script;
    const logged = server.log.map(({ msg }) => msg);
    return { fired: fired(trace), notStarted: undefined, refusals, states: health.states, logged };
  }

  /** Starts a server on a sound disk, holds it to the ledger, and kills it. */
  async assertNothingLost(): Promise<void> {
    const server = await startServerProcess(this.dataDir);
    try {
      await checkServer(server, this.#check, this.#random);
    } finally {
      await server.kill();
    }
    this.#findings.assertNone();
  }

  close(): void {
    this.#check.close();
    this.#ledger.close();
  }
}

function callOf(fault: string): string {
  return /^inject=(\w+):/.exec(fault)![1]!;
}

function fired(trace: string): boolean {
  return readFileSync(trace, 'latin1').includes('(INJECTED)');
}
