/** All that anybody can read of a study. */
import assert from 'node:assert/strict';
import { TrialState } from '../../server/gen/wazir/v1/trial.js';
import type { Measurement } from '../../server/gen/wazir/v1/measurement.js';
import type { Study } from '../../server/gen/wazir/v1/study.js';
import type { Trial } from '../../server/gen/wazir/v1/trial.js';
import type { TestClient } from '../test-client.js';

export interface Snapshot {
  readonly study: Study;
  readonly trials: ReadonlyMap<number, Trial>;
}

/** Reads a study with its trials, page by page; nothing may be under way. */
export async function readSnapshot(client: TestClient, name: string, pageSize = 0): Promise<Snapshot> {
  const study = await client.getStudy({ name });
  const trials = new Map<number, Trial>();
  let pageToken = '';
  do {
    const page = await client.listTrials({ parent: name, pageSize, pageToken });
    for (const trial of page.trials) {
      assert.ok(!trials.has(trial.id), `trial ${trial.id} is listed twice`);
      trials.set(trial.id, withoutLeaseTime(trial));
    }
    pageToken = page.nextPageToken;
  } while (pageToken !== '');
  return { study, trials };
}

/** Reads all measurements of a trial, superseded ones included. */
export async function readMeasurements(client: TestClient, trial: string): Promise<Measurement[]> {
  const all: Measurement[] = [];
  let pageToken = '';
  do {
    const page = await client.listMeasurements({
      parent: trial,
      pageToken,
      pageSize: 7,
      showSuperseded: true,
    });
    all.push(...page.measurements);
    pageToken = page.nextPageToken;
  } while (pageToken !== '');
  return all;
}

/** The trial but for when its lease ends, which is for people and moves by itself. */
export function withoutLeaseTime(trial: Trial): Trial {
  const { assignment } = trial;
  return assignment ? { ...trial, assignment: { ...assignment, leaseExpireTime: undefined } } : trial;
}

export const endStates: ReadonlySet<TrialState> = new Set([
  TrialState.SUCCEEDED,
  TrialState.STOPPED,
  TrialState.INFEASIBLE,
  TrialState.FAILED,
]);

export function hasEnded(trial: Trial): boolean {
  return endStates.has(trial.state);
}
