/**
 * The real side: a server over a socket that can be restarted and killed, several
 * clients with connections of their own, and the checks around every call.
 */
import assert from 'node:assert/strict';
import { cp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { ServiceError } from '@grpc/grpc-js';
import { Level } from 'level';
import { startServer, type RunningServer } from '../../server/app.js';
import { examine } from '../../server/doctor/examine.js';
import type { Reason } from '../../server/domain/errors.js';
import type { Status } from '../../server/gen/google/rpc/status.js';
import { TestClient } from '../test-client.js';
import { silent } from '../app/test-server.js';
import { FakeClock } from '../engine/fake-clock.js';
import { refusalOf, refusalOfStatus, type Refusal } from '../rpc/refusal.js';
import { ReportStream } from '../rpc/report-stream.js';
import type { Coverage } from './coverage.js';
import type { Follower } from './follower.js';
import { checkMoves, type Cause } from './move-invariants.js';
import { scratchDirectory } from './scratch-directory.js';
import { readMeasurements, readSnapshot, type Snapshot } from './snapshot.js';
import { checkMeasurements, checkState } from './state-invariants.js';
import type { StudyModel } from './study-model.js';

export const clientCount = 3;

/** The status that goes with each reason, as documented. */
const codes: Partial<Record<Reason, string>> = {
  INVALID_FIELD: 'INVALID_ARGUMENT',
  REQUEST_ID_REUSED: 'INVALID_ARGUMENT',
  STUDY_NOT_FOUND: 'NOT_FOUND',
  STUDY_RECREATED: 'NOT_FOUND',
  TRIAL_NOT_FOUND: 'NOT_FOUND',
  STUDY_EXISTS: 'ALREADY_EXISTS',
  MEASUREMENT_CONFLICT: 'ALREADY_EXISTS',
  STALE_ATTEMPT: 'ABORTED',
  TRIAL_ENDED: 'FAILED_PRECONDITION',
  TRIAL_LENT: 'FAILED_PRECONDITION',
  NO_MEASUREMENT: 'FAILED_PRECONDITION',
  FINAL_MEASUREMENT_CONFLICT: 'FAILED_PRECONDITION',
  STUDY_STATE: 'FAILED_PRECONDITION',
  STUDY_COMPLETED: 'FAILED_PRECONDITION',
  LIMIT_EXCEEDED: 'RESOURCE_EXHAUSTED',
  CANCELLED: 'CANCELLED',
};

export type Outcome<T> = { readonly answer: T } | { readonly refusal: Refusal };

export async function outcomeOf<T>(call: Promise<T>): Promise<Outcome<T>> {
  try {
    return { answer: await call };
  } catch (error) {
    if (error instanceof assert.AssertionError) throw error;
    const { streamed } = error as { streamed?: Status };
    return { refusal: streamed ? refusalOfStatus(streamed) : refusalOf(error as ServiceError) };
  }
}

/** Checks that a call was refused for the reason, with the status that goes with it. */
export function assertRefused(outcome: Outcome<unknown>, reason: Reason): void {
  const refusal = 'refusal' in outcome ? outcome.refusal : undefined;
  assert.ok(refusal, `was to be refused with ${reason}, and was answered`);
  assert.deepEqual([refusal.reason, refusal.code], [reason, codes[reason]], refusal.message);
}

export class World {
  readonly clock = new FakeClock();
  readonly studies = new Map<string, StudyModel>();
  readonly deletedUids = new Set<string>();
  #server!: RunningServer;
  #clients: TestClient[] = [];
  #streams: (ReportStream | undefined)[] = [];
  #messages = 0;
  #followers: Follower[] = [];

  private constructor(
    private directory: string,
    readonly coverage: Coverage,
    /** Whether all values are reported with the other sign, for goals the other way round. */
    readonly negated: boolean,
    /** Whether the server is never restarted. */
    readonly steady: boolean,
  ) {}

  static async open(coverage: Coverage, { negated = false, steady = false } = {}): Promise<World> {
    const directory = await scratchDirectory();
    const world = new World(directory, coverage, negated, steady);
    await world.#start();
    return world;
  }

  get now(): number {
    return this.clock.monotonic();
  }

  client(number: number): TestClient {
    return this.#clients[number % clientCount]!;
  }

  /** A number for a message or a request id; no two are the same. */
  nextNumber(): number {
    return ++this.#messages;
  }

  stream(number: number): ReportStream {
    const at = number % clientCount;
    return (this.#streams[at] ??= new ReportStream(this.client(at)));
  }

  /** Lets a watcher follow its study from here on, through every restart. */
  follow(follower: Follower): void {
    this.#followers.push(follower);
    follower.start(this.client(2));
  }

  /** 19: what watchers were told is what is there. */
  async checkFollowers(): Promise<void> {
    for (const follower of this.#followers) {
      const study = [...this.studies.values()].find(({ uid }) => uid === follower.uid);
      if (study) await follower.check(study);
      await follower.stop();
    }
    this.#followers = [];
  }

  /**
   * Makes a call that may change a study, and checks all that must hold before and
   * after. 2: what is refused changes nothing.
   * @param expected why it must be refused; undefined where it must not be
   * @param learn takes in what was answered, before the checks
   */
  async call<T>(
    study: StudyModel,
    what: string,
    call: () => Promise<T>,
    expected: Reason | undefined,
    cause: Omit<Cause, 'running' | 'targets'> & { readonly targets?: Iterable<number> },
    learn: (answer: T, after: Snapshot) => void,
  ): Promise<T | undefined> {
    const before = study.snapshot;
    const running = new Set([...study.holds].filter(([id]) => this.#isLent(study, id)).map(([id]) => id));
    const outcome = await outcomeOf(call());
    this.coverage.count(`${what}: ${'refusal' in outcome ? outcome.refusal.reason : 'OK'}`);
    const after = await readSnapshot(this.client(0), study.name);
    if (expected !== undefined) {
      assertRefused(outcome, expected);
      assert.deepEqual(after, before, `${what} was refused and has changed something`);
      return undefined;
    }
    if ('refusal' in outcome) assert.fail(`${what} was refused: ${JSON.stringify(outcome.refusal)}`);
    learn(outcome.answer, after);
    await this.check(study, after, { ...cause, running, targets: new Set(cause.targets) });
    return outcome.answer;
  }

  #isLent(study: StudyModel, id: number): boolean {
    const hold = study.holds.get(id);
    return hold?.kind === 'lease' && study.isRunning(hold, this.now);
  }

  async check(study: StudyModel, after: Snapshot, cause: Cause): Promise<void> {
    const before = study.snapshot;
    study.observe(after);
    checkMoves(study, before, after, cause);
    checkState(study);
    for (const id of cause.targets) await this.checkMeasurements(study, id);
  }

  async checkMeasurements(study: StudyModel, id: number): Promise<void> {
    if (!study.snapshot.trials.has(id)) return;
    const listed = await readMeasurements(this.client(0), `${study.name}/trials/${id}`);
    checkMeasurements(study, id, listed);
  }

  /** 1, 13, 21: what was there before is there afterwards, and each lease runs its full duration anew. */
  async restart(how: 'graceful' | 'killed'): Promise<void> {
    for (const follower of this.#followers) await follower.stop();
    this.#disconnect();
    if (how === 'graceful') await this.#server.close(0);
    else await this.#reopenCopy();
    await this.#start();
    for (const follower of this.#followers) follower.start(this.client(2));
    for (const study of this.studies.values()) {
      assert.deepEqual(
        await readSnapshot(this.client(0), study.name, 3),
        study.snapshot,
        `after a ${how} end`,
      );
      for (const id of study.ledger.keys()) await this.checkMeasurements(study, id);
      for (const hold of study.holds.values()) hold.activity = this.now;
    }
  }

  /** As a killed process leaves it: the files as they are, with nothing closed. */
  async #reopenCopy(): Promise<void> {
    const copy = await scratchDirectory();
    await cp(this.directory, copy, { recursive: true });
    await this.#server.close(0);
    await rm(this.directory, { recursive: true, force: true });
    this.directory = copy;
  }

  async #start(): Promise<void> {
    const { clock, directory } = this;
    const store = { freeSpaceFloorBytes: 0 };
    const options = { listen: ['127.0.0.1:0'], dataDir: directory, logger: silent, clock, store };
    this.#server = await startServer(options);
    this.#clients = Array.from({ length: clientCount }, () => new TestClient(this.#server.addresses[0]!));
  }

  #disconnect(): void {
    for (const stream of this.#streams) stream?.call.cancel();
    this.#streams = [];
    for (const client of this.#clients) client.close();
  }

  /** Closes the server. 18: of deleted studies no record is left. And the doctor has nothing to say of the rest. */
  async end(): Promise<void> {
    this.#disconnect();
    await this.#server.close(0);
    const { findings, trials } = await examine(this.directory);
    assert.deepEqual(findings, [], 'what the doctor finds');
    this.coverage.count('trials examined by the doctor', trials);
    const database = new Level<string, Uint8Array>(join(this.directory, 'db'), { valueEncoding: 'view' });
    try {
      for await (const key of database.keys())
        assert.ok(!this.deletedUids.has(key.split('/')[1] ?? ''), `${key} is left of a deleted study`);
    } finally {
      await database.close();
    }
  }

  async remove(): Promise<void> {
    this.#disconnect();
    await this.#server.close(0).catch(() => undefined);
    await rm(this.directory, { recursive: true, force: true, maxRetries: 5 });
  }
}
