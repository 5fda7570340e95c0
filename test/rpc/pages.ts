/** Whole lists, page by page. */
import type { Measurement } from '../../server/gen/wazir/v1/measurement.js';
import type { Study } from '../../server/gen/wazir/v1/study.js';
import type { ListTrialsRequest, Trial } from '../../server/gen/wazir/v1/trial.js';
import type { Partially, TestClient } from '../test-client.js';
import { owner } from './study-requests.js';

/** Pages of a list, one after the other; `between` runs before each but the first. */
async function pages<T>(
  list: (pageToken: string) => Promise<{ items: T[]; nextPageToken: string }>,
  between: () => Promise<unknown> = async () => undefined,
): Promise<T[][]> {
  const all: T[][] = [];
  let token = '';
  do {
    if (all.length > 0) await between();
    const { items, nextPageToken } = await list(token);
    all.push(items);
    token = nextPageToken;
  } while (token !== '');
  return all;
}

export function studies(
  client: TestClient,
  pageSize: number,
  between?: () => Promise<unknown>,
): Promise<Study[][]> {
  return pages(async (pageToken) => {
    const page = await client.listStudies({ parent: owner, pageSize, pageToken });
    return { items: page.studies, nextPageToken: page.nextPageToken };
  }, between);
}

export function trials(
  client: TestClient,
  parent: string,
  given: Partially<ListTrialsRequest>,
  between?: () => Promise<unknown>,
): Promise<Trial[][]> {
  return pages(async (pageToken) => {
    const page = await client.listTrials({ parent, ...given, pageToken });
    return { items: page.trials, nextPageToken: page.nextPageToken };
  }, between);
}

export function measurements(
  client: TestClient,
  parent: string,
  pageSize: number,
  showSuperseded = false,
): Promise<Measurement[][]> {
  return pages(async (pageToken) => {
    const page = await client.listMeasurements({ parent, pageSize, pageToken, showSuperseded });
    return { items: page.measurements, nextPageToken: page.nextPageToken };
  });
}
