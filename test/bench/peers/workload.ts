/** The work of a trial, the same for all who are compared; `python/workload.py` says it again for their clients. */
import assert from 'node:assert/strict';
import {
  categorical,
  double,
  integer,
  maximize,
  type Client,
  type Parameters,
  type Study,
} from '../../../clients/typescript/src/index.js';

/** Reports of a trial. */
export const steps = 10;

const log = { scale: 'log' } as const;

export function createStudy(client: Client): Promise<Study> {
  return client.createStudy('bench', {
    parameters: [
      double('dropout', 0, 0.9),
      double('momentum', 0, 0.999),
      double('learning_rate', 1e-5, 1, log),
      double('weight_decay', 1e-6, 0.1, log),
      integer('layers', 1, 12),
      categorical('optimizer', ['adam', 'sgd', 'lamb']),
    ],
    metrics: [maximize('accuracy')],
    // More than the steps of a trial, so that it is the client that completes it, as with the others.
    resource: { name: 'step', min: 1, max: 27 },
    sampler: 'random',
    scheduler: { ashaStopping: { eta: 3 } },
    existOk: true,
  });
}

/**
 * A learning curve. Each trial is better than the ones before, so that whoever
 * halves successively lets all of them go on: all do the same work.
 */
export function valueAt(trial: number, step: number, parameters: Parameters): number {
  assert.equal(Object.keys(parameters).length, 6);
  return 1e-3 * trial + 1 - Math.exp(-step / 3);
}
