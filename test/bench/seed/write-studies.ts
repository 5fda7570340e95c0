/** Writes studies and their trials straight into a store: what a server would have taken an hour for. */
import { formatStudyName, formatTrialName, type StudyName } from '../../../server/domain/names.js';
import { compileSpace } from '../../../server/domain/space.js';
import {
  ChangeRecord,
  MeasurementRecord,
  NameRecord,
  StudyRecord,
  TrialRecord,
} from '../../../server/gen/wazir/internal/v1/records.js';
import type { Measurement } from '../../../server/gen/wazir/v1/measurement.js';
import { samplerOf } from '../../../server/policy/samplers/index.js';
import { keys } from '../../../server/store/keys.js';
import { openLevelStore } from '../../../server/store/level.js';
import type { Op, Store } from '../../../server/store/store.js';
import type { Template, TrialTemplate } from './template.js';

/** Which trials a study has when it is seeded. */
export type Mix =
  /** All finished in the first rung by their workers' word. */
  | 'finished'
  /** As promotion leaves them: the best of the first rung, one of eta, finished at the top, all others PAUSED. */
  | 'paused';

export interface Seed {
  readonly studies: number;
  /** Trials of each. */
  readonly trials: number;
  readonly mix: Mix;
}

// A study's first change is its own; each trial takes three: made and lent, reported, ended.
const changesPerTrial = 3;
const batchOps = 6000;
/** That of the template's study, to which makes who asks for no other. */
const eta = 3;
const owner = 'default';

/**
 * @param directory an empty one
 * @returns the studies' names
 */
export async function writeStudies(directory: string, template: Template, seed: Seed): Promise<string[]> {
  const store = await openLevelStore({ directory });
  try {
    const names: string[] = [];
    let batch: Op[] = [];
    const flush = async () => {
      // Whole studies or parts of one: the store wants a batch's sequence numbers only of studies that it knows.
      await store.commit(commitOf(store, batch));
      batch = [];
    };
    for (let i = 1; i <= seed.studies; i++) {
      const name = { owner, study: `bench-${i}` };
      names.push(formatStudyName(name));
      for (const ops of operations(template, seed, name, i.toString(16).padStart(16, '0'))) {
        batch.push(...ops);
        if (batch.length >= batchOps) await flush();
      }
    }
    if (batch.length > 0) await flush();
    return names;
  } finally {
    await store.close();
  }
}

let batches = 0;

function commitOf(store: Store, ops: readonly Op[]) {
  return { studyUid: `seed-${++batches}`, epoch: store.epoch, expectedSequence: 0, sequence: 0, ops };
}

function* operations(template: Template, seed: Seed, name: StudyName, uid: string): Generator<Op[]> {
  const study = { ...template.study.study!, name: formatStudyName(name), uid };
  yield [
    put(keys.name(name.owner, name.study), NameRecord.encode({ uid })),
    put(keys.study(uid), StudyRecord.encode({ ...template.study, study })),
    put(keys.change(uid, study.sequence), ChangeRecord.encode({ trial: 0 })),
  ];
  const make = trialMaker(template, name, uid);
  for (let id = 1; id <= seed.trials; id++) {
    // One of eta is above all others, wherever in the order it was made.
    const isTop = id % eta === 0;
    const of = seed.mix === 'finished' ? template.finished : isTop ? template.topped : template.paused;
    yield make(id, of, seed.mix === 'paused' && !isTop ? 1 : 0);
  }
}

/** @returns makes a trial after a template's; its loss is `above` and a fraction of its own */
function trialMaker({ study }: Template, name: StudyName, uid: string) {
  const spec = study.study!.spec!;
  const space = compileSpace(spec.parameters);
  const kind = samplerOf(spec);
  const sampler = kind.create(spec, space, spec.seed!);
  return (id: number, of: TrialTemplate, above: number): Op[] => {
    const draw = id - 1;
    const defaults = draw === 0 && kind.startsFromDefaults ? space.defaultPoint() : undefined;
    const point = defaults ?? sampler.draw(draw)!;
    // Multiples of the golden ratio: no two alike, in no order.
    const loss = above + ((id * 0.6180339887498949) % 1);
    const sequence = study.study!.sequence + changesPerTrial * id;
    const reported = sequence - 1;
    const withLoss = (measurement: Measurement | undefined) =>
      measurement && {
        ...measurement,
        metrics: measurement.metrics.map((metric) =>
          metric.name === 'loss' ? { ...metric, value: loss } : { ...metric, value: 1 - loss },
        ),
      };
    const { trial } = of.record;
    const scheduling = trial!.scheduling!;
    const record: TrialRecord = {
      ...of.record,
      point: [...point],
      lastMeasurement: withLoss(of.record.lastMeasurement),
      trial: {
        ...trial!,
        id,
        name: formatTrialName(name, id),
        studyUid: uid,
        parameters: space.toParameters(point),
        scheduling: {
          ...scheduling,
          draw,
          results: scheduling.results.map((result) => ({ ...result, loss, sequence: reported })),
        },
        finalMeasurement: withLoss(trial!.finalMeasurement),
        bestMeasurement: withLoss(trial!.bestMeasurement),
        sequence,
      },
    };
    const measurement = withLoss(of.measurement.measurement);
    const { attempt, step } = measurement!;
    return [
      put(keys.trial(uid, id), TrialRecord.encode(record)),
      put(keys.change(uid, sequence), ChangeRecord.encode({ trial: id })),
      put(
        keys.measurement(uid, id, attempt, step),
        MeasurementRecord.encode({ ...of.measurement, measurement, sequence: reported }),
      ),
    ];
  };
}

function put(key: string, encoded: { finish(): Uint8Array }): Op {
  return { type: 'put', key, value: encoded.finish() };
}
