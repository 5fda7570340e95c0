/**
 * Makes a study of as many trials as wanted on disk, in seconds. The real engine plays
 * the first thousand; their records are then written again and again through the
 * store, each copy with numbers, draws and sequences of its own. What comes of it is
 * what the server itself would have written, and `wazir doctor` finds no fault in it.
 */
import { pino } from 'pino';
import { systemClock } from '../../server/engine/clock.js';
import { createStudy } from '../../server/engine/commands/create-study.js';
import { Engine } from '../../server/engine/engine.js';
import { limitsFrom } from '../../server/domain/limits.js';
import { formatTrialName, type StudyName } from '../../server/domain/names.js';
import {
  ChangeRecord,
  MeasurementRecord,
  RequestOrderRecord,
  TrialRecord,
} from '../../server/gen/wazir/internal/v1/records.js';
import { CreateStudyRequest } from '../../server/gen/wazir/v1/study.js';
import { keys, lastNumber } from '../../server/store/keys.js';
import { openLevelStore } from '../../server/store/level.js';
import type { Op, Store } from '../../server/store/store.js';
import { StudyDriver } from '../engine/study-driver.js';
import { benchSpec } from './bench-study.js';

export interface Seed {
  readonly directory: string;
  readonly study: StudyName;
  readonly trials: number;
  /**
   * `finished`: each has reported once and was completed.
   * `resting`: ASHA has run as it should; all but those at the top are PAUSED.
   */
  readonly kind: 'finished' | 'resting';
  /** Whether the calls have had request ids: two a trial. Then their answers are there too. */
  readonly requestIds?: boolean;
}

const played = 1000;
const opsOfCommit = 10_000;
const steps = [1, 3, 9, 27];

export async function seedStudy(seed: Seed): Promise<void> {
  const { directory, study: name, trials } = seed;
  const store = await openLevelStore({ directory });
  const engine = new Engine(store, systemClock, pino({ level: 'silent' }), limitsFrom());
  try {
    await engine.open();
    const study = { spec: benchSpec({ name: 'epoch', min: 1, max: 27 }) };
    await createStudy(engine, name.owner, CreateStudyRequest.fromPartial({ studyId: name.study, study }));
    const driver = new StudyDriver({ engine }, name);
    const own = Math.min(played, trials);
    if (seed.kind === 'finished') await playFinished(driver, own, seed.requestIds ?? false);
    else await playResting(driver, own, seed.requestIds ?? false);
    const { uid, sequence } = await driver.study();
    const copies = new Copies(store, name, uid, sequence, await templatesOf(store, uid));
    for (let copied = own; copied < trials; copied += own) await copies.write(Math.min(own, trials - copied));
  } finally {
    await engine.close();
    await store.close();
  }
}

function idOf(made: number, isUsed: boolean): string {
  return isUsed ? `2c1f7a52-5b0e-4b57-9d6e-${String(made).padStart(12, '0')}` : '';
}

/** A loss that follows from the number of the trial alone. */
function lossOf(trial: number, step: number): number {
  return ((trial * 7919) % 10_007) / 10_007 + 1 / step;
}

async function playFinished(driver: StudyDriver, trials: number, requestIds: boolean): Promise<void> {
  for (let i = 1; i <= trials; i++) {
    const job = await driver.take(`worker-${i % 64}`, { requestId: idOf(2 * i, requestIds) });
    // A third of each rung's trials comes to the next.
    let rung = 0;
    while (rung < 3 && i % 3 ** (rung + 1) === 0) rung++;
    const step = steps[rung]!;
    await driver.report(job, step, { loss: lossOf(i, step), accuracy: 0.5 });
    await driver.complete(job, { requestId: idOf(2 * i + 1, requestIds) });
  }
}

async function playResting(driver: StudyDriver, trials: number, requestIds: boolean): Promise<void> {
  for (let made = 0, i = 0; ; i++) {
    if (made === trials && !(await hasPromotion(driver))) return;
    const job = await driver.take(`worker-${i % 64}`, { requestId: idOf(2 * i, requestIds) });
    made = Math.max(made, job.trial);
    await driver.report(job, job.to, { loss: lossOf(job.trial, job.to), accuracy: 0.5 });
    if (job.to < steps.at(-1)!) await driver.release(job, job.to, idOf(2 * i + 1, requestIds));
  }
}

async function hasPromotion(driver: StudyDriver): Promise<boolean> {
  return (await driver.study()).scheduler.decide(false) !== undefined;
}

/** What was played, decoded. */
interface Templates {
  readonly trials: readonly TrialRecord[];
  readonly measurements: ReadonlyMap<number, readonly MeasurementRecord[]>;
  readonly answers: readonly {
    readonly sequence: number;
    readonly order: RequestOrderRecord;
    bytes: Uint8Array;
  }[];
}

async function templatesOf(store: Store, uid: string): Promise<Templates> {
  const trials: TrialRecord[] = [];
  const measurements = new Map<number, MeasurementRecord[]>();
  const answers: { sequence: number; order: RequestOrderRecord; bytes: Uint8Array }[] = [];
  for await (const [, value] of store.iterate(keys.trialsOf(uid))) {
    const record = TrialRecord.decode(value);
    const { id } = record.trial!;
    const known: MeasurementRecord[] = [];
    for await (const [, bytes] of store.iterate(keys.measurementsOf(uid, id)))
      known.push(MeasurementRecord.decode(bytes));
    trials.push(record);
    measurements.set(id, known);
  }
  for await (const [key, value] of store.iterate(keys.requestOrdersOf(uid))) {
    const order = RequestOrderRecord.decode(value);
    const bytes = await store.get(keys.request(uid, order.requestId));
    answers.push({ sequence: lastNumber(key), order, bytes: bytes! });
  }
  return { trials, measurements, answers };
}

class Copies {
  #copy = 0;
  #sequence: number;
  readonly #span: number;
  #ops: Op[] = [];

  constructor(
    private readonly store: Store,
    private readonly name: StudyName,
    private readonly uid: string,
    sequence: number,
    private readonly templates: Templates,
  ) {
    this.#sequence = sequence;
    this.#span = sequence;
  }

  /** Writes the first so many of the templates as further trials. */
  async write(count: number): Promise<void> {
    this.#copy++;
    const { trials, answers } = this.templates;
    const moved = this.#copy * this.#span;
    for (const template of trials.slice(0, count)) {
      this.#addTrial(template, this.#copy * trials.length, moved);
      if (this.#ops.length >= opsOfCommit) await this.#commit();
    }
    if (count === trials.length)
      for (const { sequence, order, bytes } of answers) {
        const requestId = `${order.requestId}-${this.#copy}`;
        this.#put(keys.request(this.uid, requestId), bytes);
        const value = RequestOrderRecord.encode({ ...order, requestId }).finish();
        this.#put(keys.requestOrder(this.uid, sequence + moved), value);
        if (this.#ops.length >= opsOfCommit) await this.#commit();
      }
    await this.#commit();
  }

  #addTrial(template: TrialRecord, before: number, moved: number): void {
    const { uid } = this;
    const trial = template.trial!;
    const id = trial.id + before;
    const sequence = trial.sequence + moved;
    const scheduling = trial.scheduling!;
    const record: TrialRecord = {
      ...template,
      trial: {
        ...trial,
        id,
        name: formatTrialName(this.name, id),
        sequence,
        checkpoint: trial.checkpoint && { ...trial.checkpoint, trial: id },
        scheduling: {
          ...scheduling,
          draw: scheduling.draw! + before,
          results: scheduling.results.map((result) => ({ ...result, sequence: result.sequence + moved })),
        },
      },
    };
    this.#put(keys.trial(uid, id), TrialRecord.encode(record).finish());
    this.#put(keys.change(uid, sequence), ChangeRecord.encode({ trial: id }).finish());
    for (const known of this.templates.measurements.get(trial.id)!) {
      const { attempt, step } = known.measurement!;
      const value = MeasurementRecord.encode({ ...known, sequence: known.sequence + moved }).finish();
      this.#put(keys.measurement(uid, id, attempt, step), value);
    }
  }

  #put(key: string, value: Uint8Array): void {
    this.#ops.push({ type: 'put', key, value });
  }

  async #commit(): Promise<void> {
    const ops = this.#ops;
    this.#ops = [];
    const sequence = (this.#copy + 1) * this.#span;
    const { epoch } = this.store;
    await this.store.commit({ studyUid: this.uid, epoch, expectedSequence: this.#sequence, sequence, ops });
    this.#sequence = sequence;
  }
}
