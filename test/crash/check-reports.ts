/** Whether each acknowledged report is listed, as it was sent, and no refused one. */
import type { Measurement } from '../../server/gen/wazir/v1/measurement.js';
import type { TestClient } from '../test-client.js';
import { numberOf } from './check-effects.js';
import type { Findings } from './findings.js';
import type { Entry } from './ledger.js';
import type { StudyListing } from './listing.js';
import { decodeRequest } from './methods.js';

export type Reported = ReadonlyMap<string, Measurement>;

/** The measurements of a trial, superseded ones included, by `attempt/step`. */
export async function readReports(client: TestClient, parent: string): Promise<Reported> {
  const reported = new Map<string, Measurement>();
  let pageToken = '';
  do {
    const request = { parent, pageSize: 10_000, showSuperseded: true, pageToken };
    const page = await client.listMeasurements(request);
    for (const measurement of page.measurements)
      reported.set(`${measurement.attempt}/${measurement.step}`, measurement);
    pageToken = page.nextPageToken;
  } while (pageToken !== '');
  return reported;
}

/** Compares the reports of one trial with what is listed of it. */
export function checkReports(
  findings: Findings,
  { study, watched }: StudyListing,
  reports: readonly Entry[],
  reported: Reported,
): void {
  for (const { number, body, outcome } of reports) {
    if (outcome.kind === 'open') continue;
    const { trial, attempt, measurement } = decodeRequest('reportMeasurement', body);
    if (watched.get(numberOf(trial))?.deleted) continue;
    const value = measurement!.metrics[0]!.value;
    const there = reported.get(`${attempt}/${measurement!.step}`)?.metrics[0]?.value;
    if (outcome.kind === 'refused') {
      findings.expect(
        Number.isNaN(value) || there !== value,
        'broken',
        () => `call ${number} was refused, ${outcome.reason}, and its measurement is there`,
      );
      continue;
    }
    findings.expect(
      there !== undefined && Object.is(there, value),
      'lost',
      () =>
        `call ${number}: step ${measurement!.step} of attempt ${attempt} at ${trial} (${study.uid}) is ${there}, not ${value}`,
    );
  }
}
