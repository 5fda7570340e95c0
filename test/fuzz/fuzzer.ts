/**
 * Sends mutants to a server in rounds. After each a good client must be answered,
 * and the server must have nothing to say of bugs. Answers to messages that are
 * framed as they must be are never INTERNAL or UNKNOWN.
 */
import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { ProbedServer, type Sample } from '../soak/probed-server.js';
import { TestClient } from '../test-client.js';
import { openSession, send, type Ending, type FuzzCall } from './call.js';
import { oddlyFramed, wellFramed } from './framing.js';
import { mutantConnection, sendBytes } from './http2-mutants.js';
import { mutate } from './mutate-message.js';
import { Random } from './random.js';
import { owner, seeds, spec, study, type Seed } from './seeds.js';

/** What must never be said of a well-framed message. */
const forbidden: ReadonlySet<Ending> = new Set(['INTERNAL', 'UNKNOWN', 'DATA_LOSS']);
const bodies = seeds.map(({ bytes }) => bytes);
const atOnce = 8;

export interface Finding {
  readonly path: string;
  readonly body: string;
  readonly why: string;
}

export interface RoundSizes {
  readonly messages: number;
  readonly framings: number;
  readonly connections: number;
}

export class Fuzzer {
  readonly endings = new Map<string, number>();
  readonly findings: Finding[] = [];
  inputs = 0;
  readonly #random: Random;
  #logSeen = 0;

  private constructor(
    readonly server: ProbedServer,
    seed: number,
  ) {
    this.#random = new Random(seed);
  }

  static async start(seed: number): Promise<Fuzzer> {
    return new Fuzzer(await ProbedServer.start(), seed);
  }

  async round(sizes: RoundSizes): Promise<void> {
    await this.#prepare();
    await this.#calls(sizes.messages, (seed) => this.#message(seed));
    await this.#calls(sizes.framings, (seed) => this.#framing(seed));
    for (let i = 0; i < sizes.connections; i += atOnce)
      await Promise.all(Array.from({ length: atOnce }, () => this.#connection()));
    await this.#check();
  }

  /** A study with trials at work, whatever mutants have done to the last one. */
  async #prepare(): Promise<void> {
    const client = new TestClient(this.server.address);
    try {
      for (let pageToken = ''; ;) {
        const page = await client.listStudies({ parent: owner, pageSize: 100, pageToken });
        for (const { name } of page.studies) await client.deleteStudy({ name });
        pageToken = page.nextPageToken;
        if (pageToken === '') break;
      }
      const scheduler = this.#random.below(6);
      await client.createStudy({ parent: owner, studyId: 'fuzz', study: { spec: spec(scheduler) as never } });
      await client.suggestTrials({ parent: study, clientId: 'fuzzer', count: 4 });
    } finally {
      client.close();
    }
  }

  async #calls(
    count: number,
    play: (seed: Seed) => { call: FuzzCall; isWellFramed: boolean },
  ): Promise<void> {
    let session = await openSession(this.server.address);
    for (let i = 0; i < count; i += atOnce) {
      if (session.destroyed || session.closed) session = await openSession(this.server.address);
      const mutants = Array.from({ length: atOnce }, () => play(this.#random.pick(seeds)));
      const endings = await Promise.all(mutants.map(({ call }) => send(session, call)));
      endings.forEach((ending, at) => this.#judge(mutants[at]!, ending));
    }
    session.destroy();
  }

  #message(seed: Seed) {
    const messages = Array.from(
      { length: seed.method === 'streamMeasurements' ? 1 + this.#random.below(4) : 1 },
      () => mutate(seed.bytes, this.#random, bodies),
    );
    return { call: wellFramed(seed.path, messages), isWellFramed: true };
  }

  #framing(seed: Seed) {
    const message = this.#random.chance(50) ? seed.bytes : mutate(seed.bytes, this.#random, bodies);
    return { call: oddlyFramed(seed.path, message, this.#random), isWellFramed: false };
  }

  #judge({ call, isWellFramed }: { call: FuzzCall; isWellFramed: boolean }, ending: Ending): void {
    this.inputs++;
    const key = `${isWellFramed ? 'message' : 'framing'}: ${ending}`;
    this.endings.set(key, (this.endings.get(key) ?? 0) + 1);
    if (!isWellFramed || !forbidden.has(ending)) return;
    const body = call.body.toString('base64');
    this.findings.push({ path: String(call.headers[':path']), body, why: ending });
  }

  async #connection(): Promise<void> {
    const { path, bytes } = this.#random.pick(seeds);
    const port = Number(this.server.address.split(':').at(-1));
    await sendBytes(port, mutantConnection(path, bytes, this.#random), this.#random);
    this.inputs++;
    this.endings.set('connection', (this.endings.get('connection') ?? 0) + 1);
  }

  /** A good client is answered, and the server has had no fault of its own. */
  async #check(): Promise<void> {
    const client = new TestClient(this.server.address);
    try {
      await client.createStudy({ parent: owner, studyId: 'good', study: { spec: spec(0) as never } });
      const { trials } = await client.suggestTrials({ parent: `${owner}/studies/good`, clientId: 'good' });
      assert.equal(trials.length, 1, 'a good client gets a trial');
    } finally {
      client.close();
    }
    const { log, errors } = this.server.process;
    for (const line of log.slice(this.#logSeen))
      if (line.level === 'error' || line.level === 'fatal')
        this.findings.push({ path: '', body: '', why: JSON.stringify(line) });
    this.#logSeen = log.length;
    if (errors() !== '') this.findings.push({ path: '', body: '', why: errors() });
  }

  /**
   * Waits until connections and timers are at their old level; says what is not. A
   * connection that broke a rule of HTTP/2 is read no more by Node.js, which so does
   * not see its end; keepalive ends it after 80 seconds.
   */
  async settled(before: Sample): Promise<string[]> {
    for (const until = Date.now() + 180_000; ; await sleep(1000)) {
      const now = await this.sample();
      const left = (['sockets', 'timers'] as const).filter((what) => now[what] > before[what]);
      if (left.length === 0 || Date.now() > until)
        return left.map((what) => `${what}: ${before[what]} before, ${now[what]} afterwards`);
    }
  }

  sample(): Promise<Sample> {
    return this.server.sample();
  }
}
