/** Everything that a server shows of its studies: lists, and the changes since the beginning. */
import type { Study } from '../../server/gen/wazir/v1/study.js';
import { Trial } from '../../server/gen/wazir/v1/trial.js';
import { owner } from '../rpc/study-requests.js';
import type { TestClient } from '../test-client.js';

export interface StudyListing {
  readonly study: Study;
  /** Trials that are not deleted, by number. */
  readonly trials: ReadonlyMap<number, Trial>;
  /** All trials as WatchStudy tells them from 0, deleted ones included, by number. */
  readonly watched: ReadonlyMap<number, Trial>;
  /** Sequence numbers in the order in which WatchStudy told them. */
  readonly sequences: readonly number[];
  /** Whether nothing has changed while it was read. */
  readonly isStill: boolean;
}

/** By uid. */
export type Listing = ReadonlyMap<string, StudyListing>;

export async function readListing(client: TestClient): Promise<Listing> {
  const listing = new Map<string, StudyListing>();
  const { studies } = await client.listStudies({ parent: owner, pageSize: 1000 });
  for (const { name, uid } of studies) listing.set(uid, await readStudy(client, name));
  return listing;
}

async function readStudy(client: TestClient, name: string): Promise<StudyListing> {
  const before = await client.getStudy({ name });
  const { watched, sequences } = await watchFromStart(client, name);
  const trials = new Map<number, Trial>();
  let pageToken = '';
  do {
    const page = await client.listTrials({ parent: name, pageSize: 1000, pageToken });
    for (const trial of page.trials) trials.set(trial.id, trial);
    pageToken = page.nextPageToken;
  } while (pageToken !== '');
  const study = await client.getStudy({ name });
  return { study, trials, watched, sequences, isStill: study.sequence === before.sequence };
}

async function watchFromStart(client: TestClient, name: string) {
  const watched = new Map<number, Trial>();
  const sequences: number[] = [];
  const { responses, stop } = client.watch({ name });
  for await (const { sequence, record, caughtUp } of responses) {
    sequences.push(sequence);
    if (record?.$case === 'trial') watched.set(record.value.id, record.value);
    if (caughtUp) break;
  }
  stop();
  return { watched, sequences };
}

/** A trial's bytes, without the time at which its lease would end. */
export function bytesOfTrial(trial: Trial): Buffer {
  const assignment = trial.assignment && { ...trial.assignment, leaseExpireTime: undefined };
  return Buffer.from(Trial.encode({ ...trial, assignment }).finish());
}
