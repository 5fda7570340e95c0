/** A small study that a real server has made, to make large ones of. */
import assert from 'node:assert/strict';
import { startServer } from '../../../server/app.js';
import {
  type MeasurementRecord as MeasurementRecordMessage,
  MeasurementRecord,
  StudyRecord,
  TrialRecord,
} from '../../../server/gen/wazir/internal/v1/records.js';
import { Directive_Kind as DirectiveKind } from '../../../server/gen/wazir/v1/measurement.js';
import { type Trial, TrialState } from '../../../server/gen/wazir/v1/trial.js';
import { createLogger } from '../../../server/logger.js';
import { keys } from '../../../server/store/keys.js';
import { openLevelStore } from '../../../server/store/level.js';
import type { Range, Store } from '../../../server/store/store.js';
import { TestClient } from '../../test-client.js';
import { createBenchStudy } from '../bench-study.js';

/** A trial's records. */
export interface TrialTemplate {
  readonly record: TrialRecord;
  readonly measurement: MeasurementRecordMessage;
}

export interface Template {
  readonly study: StudyRecord;
  /** Measured at the first rung and completed by its worker. */
  readonly finished: TrialTemplate;
  /** Measured at the top of the ladder in one report, by which it ended. */
  readonly topped: TrialTemplate;
  /** Measured at the first rung, its checkpoint saved: it waits for a promotion. */
  readonly paused: TrialTemplate;
}

const resource = { name: 'epoch', min: 1, max: 27 };

/** @param directory an empty one, which is left with the template's database */
export async function makeTemplate(directory: string): Promise<Template> {
  const server = await startServer({
    listen: ['127.0.0.1:0'],
    dataDir: directory,
    logger: createLogger({ level: 'warn' }),
  });
  const client = new TestClient(server.addresses[0]!);
  let uid: string;
  try {
    ({ uid } = await makeTrials(client));
  } finally {
    client.close();
    await server.close();
  }
  const store = await openLevelStore({ directory });
  try {
    const study = await one(store, { gte: keys.study(uid), lte: keys.study(uid) });
    const [finished, topped, paused] = await Promise.all([1, 2, 3].map((id) => readTrial(store, uid, id)));
    return {
      study: StudyRecord.decode(study),
      finished: finished!,
      topped: topped!,
      paused: paused!,
    };
  } finally {
    await store.close();
  }
}

async function makeTrials(client: TestClient) {
  const study = await createBenchStudy(client, resource);
  const parent = study.name;
  const { trials } = await client.suggestTrials({ parent, clientId: 'worker', count: 3 });
  const [finished, topped, paused] = trials as [Trial, Trial, Trial];
  // The one that waits is the worst, so that the study is as its scheduler leaves it.
  await report(client, topped, resource.max, 0.1);
  await report(client, finished, resource.min, 0.5);
  await report(client, paused, resource.min, 2);
  await client.completeTrial({ name: finished.name, attempt: 1 });
  await client.releaseTrial({
    name: paused.name,
    attempt: 1,
    checkpoint: { step: resource.min, uri: 'file:///checkpoints/1' },
  });
  const states = [TrialState.SUCCEEDED, TrialState.SUCCEEDED, TrialState.PAUSED];
  for (const [i, { name }] of [finished, topped, paused].entries())
    assert.equal((await client.getTrial({ name })).state, states[i], `state of ${name}`);
  return study;
}

async function report(client: TestClient, { name, assignment }: Trial, step: number, loss: number) {
  const { directive } = await client.reportMeasurement({
    trial: name,
    attempt: assignment!.attempt,
    measurement: {
      step,
      elapsed: { seconds: step, nanos: 250_000_000 },
      metrics: [
        { name: 'loss', value: loss },
        { name: 'accuracy', value: 1 - loss },
      ],
    },
  });
  const expected = step === resource.max ? DirectiveKind.COMPLETE : DirectiveKind.PAUSE;
  assert.equal(directive?.kind, expected, `directive of ${name}`);
}

async function readTrial(store: Store, uid: string, id: number): Promise<TrialTemplate> {
  const key = keys.trial(uid, id);
  return {
    record: TrialRecord.decode(await one(store, { gte: key, lte: key })),
    measurement: MeasurementRecord.decode(await one(store, keys.measurementsOf(uid, id))),
  };
}

async function one(store: Store, range: Range): Promise<Uint8Array> {
  const values: Uint8Array[] = [];
  for await (const [, value] of store.iterate(range)) values.push(value);
  assert.equal(values.length, 1, JSON.stringify(range));
  return values[0]!;
}
