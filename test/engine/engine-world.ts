/**
 * An engine over a real store, on a clock that the test moves. `restart` closes
 * both and opens the same data anew, as the next process would.
 */
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { createStudy } from '../../server/engine/commands/create-study.js';
import { deleteStudy } from '../../server/engine/commands/delete-study.js';
import { limitsFrom, type Limits } from '../../server/domain/limits.js';
import { Engine } from '../../server/engine/engine.js';
import {
  CreateStudyRequest,
  DeleteStudyRequest,
  MetricGoal,
  type StudySpec,
} from '../../server/gen/wazir/v1/study.js';
import { openLevelStore } from '../../server/store/level.js';
import type { Store } from '../../server/store/store.js';
import { FakeClock } from './fake-clock.js';
import { type Given, StudyDriver } from './study-driver.js';

/** Calls back when a test ends; node:test's contexts have it. */
export interface Ending {
  after(fn: () => Promise<void>): void;
}

// In memory where there is such a place: what a power cut leaves is the store's concern, and syncs are slow.
const base = existsSync('/dev/shm') ? '/dev/shm' : tmpdir();
const logger = pino({ level: 'silent' });

export class EngineWorld {
  readonly clock = new FakeClock();
  #number = 0;

  private constructor(
    readonly directory: string,
    public limits: Limits,
    public store: Store,
    public engine: Engine,
  ) {}

  /** A fresh one, which goes when the test ends. */
  static async open(test: Ending, given: Partial<Limits> = {}): Promise<EngineWorld> {
    return EngineWorld.on(await mkdtemp(join(base, 'wazir-engine-')), test, given);
  }

  /** One on a directory that may have data, which goes when the test ends. */
  static async on(directory: string, test: Ending, given: Partial<Limits> = {}): Promise<EngineWorld> {
    const limits = limitsFrom(given);
    const store = await openLevelStore({ directory, freeSpaceFloorBytes: 0 });
    const world = new EngineWorld(directory, limits, store, undefined as unknown as Engine);
    world.engine = new Engine(store, world.clock, logger, limits);
    await world.engine.open();
    test.after(async () => {
      await world.#close();
      await rm(directory, { recursive: true, force: true });
    });
    return world;
  }

  /** Closes all and opens it anew. `freeSpaceFloorBytes` above what the disk has lets no commit through. */
  async restart(freeSpaceFloorBytes = 0): Promise<void> {
    await this.#close();
    await this.#open(freeSpaceFloorBytes);
  }

  async #open(freeSpaceFloorBytes: number): Promise<void> {
    this.store = await openLevelStore({ directory: this.directory, freeSpaceFloorBytes });
    this.engine = new Engine(this.store, this.clock, logger, this.limits);
    await this.engine.open();
  }

  /** Closes all, runs what is given on the directory, and opens it anew. */
  async offline<T>(run: () => Promise<T>): Promise<T> {
    await this.#close();
    try {
      return await run();
    } finally {
      await this.#open(0);
    }
  }

  /** Creates a study: with one parameter, a loss to be minimised, and a seed, unless told otherwise. */
  async create(
    spec: Given<typeof StudySpec> = {},
    studyId = `s${++this.#number}`,
    owner = 'test',
  ): Promise<StudyDriver> {
    const study = { spec: { ...usual, ...spec } };
    await createStudy(this.engine, owner, CreateStudyRequest.fromPartial({ studyId, study }));
    return new StudyDriver(this, { owner, study: studyId });
  }

  async delete(study: StudyDriver): Promise<void> {
    await deleteStudy(this.engine, study.name, DeleteStudyRequest.fromPartial({}));
  }

  async #close(): Promise<void> {
    await this.engine.close();
    await this.store.close();
  }
}

const usual: Given<typeof StudySpec> = {
  parameters: [{ name: 'x', domain: { $case: 'double', value: { min: 0, max: 1 } } }],
  metrics: [{ name: 'loss', goal: MetricGoal.MINIMIZE }],
  seed: 7,
};
