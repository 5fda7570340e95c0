/** A server in a process of its own that peers do ill to, and what is looked at meanwhile. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import type { TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { temporaryDirectory } from '../app/test-server.js';
import { startServerProcess, type ServerProcess } from '../crash/server-process.js';
import { owner } from '../rpc/study-requests.js';
import { TestClient } from '../test-client.js';

const MiB = 2 ** 20;

export class AttackedServer {
  readonly address: string;
  /** A client that does no ill. */
  readonly client: TestClient;
  readonly #idleBytes: number;

  private constructor(private readonly process: ServerProcess) {
    this.address = process.address;
    this.client = new TestClient(process.address);
    this.#idleBytes = this.residentBytes;
  }

  static async start(t: TestContext, ...flags: string[]): Promise<AttackedServer> {
    const process = await startServerProcess(await temporaryDirectory(t), { flags });
    t.after(() => process.kill());
    const server = new AttackedServer(process);
    t.after(() => server.client.close());
    await server.serves();
    return server;
  }

  get residentBytes(): number {
    const status = readFileSync(`/proc/${this.process.pid}/status`, 'utf8');
    return Number(/VmRSS:\s*(\d+)/.exec(status)![1]) * 1024;
  }

  /** How many MiB it has grown since it started. */
  get grownMiB(): number {
    return Math.round((this.residentBytes - this.#idleBytes) / MiB);
  }

  /** How many file descriptors it has. */
  get openFiles(): number {
    return readdirSync(`/proc/${this.process.pid}/fd`).length;
  }

  /** Another client is answered, and within how many milliseconds. */
  async serves(): Promise<number> {
    const start = performance.now();
    await this.client.listStudies({ parent: owner }, { deadline: Date.now() + 10_000 });
    return performance.now() - start;
  }

  /** After all that it has grown by no more than so many MiB in the end, and has nothing to complain of. */
  async isWell(t: TestContext, mostGrownMiB: number): Promise<void> {
    const most = this.grownMiB;
    const ms = await this.serves();
    for (const end = Date.now() + 30_000; this.grownMiB > mostGrownMiB && Date.now() < end;) {
      // Calls give it the occasion to collect its garbage.
      await this.serves();
      await sleep(100);
    }
    t.diagnostic(
      `grown by ${most} MiB, then ${this.grownMiB} MiB; another client was answered in ${ms.toFixed(1)} ms`,
    );
    assert.ok(this.grownMiB <= mostGrownMiB, `grown by ${this.grownMiB} MiB`);
    const bad = this.process.log.filter(({ level }) => level === 'error' || level === 'fatal');
    assert.deepEqual([bad, this.process.errors()], [[], '']);
  }
}
