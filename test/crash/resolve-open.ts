/**
 * Finds out about calls that were not answered: each was done whole or not at
 * all, a retry with its request id tells which, and does it where it was not.
 */
import type { TestClient } from '../test-client.js';
import { numberOf } from './check-effects.js';
import { readReports } from './check-reports.js';
import type { Findings } from './findings.js';
import type { Entry, Ledger } from './ledger.js';
import type { Listing } from './listing.js';
import { decodeRequest, decodeResponse, type Connection, type Outcome } from './methods.js';
import { describe } from './resend.js';

export interface Resolving {
  readonly findings: Findings;
  readonly ledger: Ledger;
  readonly client: TestClient;
  readonly connection: Connection;
  /** What was there before any retry. */
  readonly found: Listing;
  readonly open: readonly Entry[];
}

/** @returns how many were found to have been done */
export async function resolveOpen(resolving: Resolving): Promise<number> {
  const { findings, ledger, connection, open } = resolving;
  let done = 0;
  for (const entry of open) {
    const wasDone = await wasThere(resolving, entry);
    const outcome = await retry(connection, entry);
    ledger.ended(entry.number, outcome);
    if (wasDone !== true) continue;
    done++;
    // Done before the retry: it must say so, and give what was given then.
    findings.expect(
      outcome.kind === 'ok' && isOfThen(resolving.found, entry, outcome.body),
      outcome.kind === 'ok' ? 'duplicated' : 'lost',
      () => `call ${entry.number}, ${entry.method}, was done and is answered with ${describe(outcome)}`,
    );
  }
  return done;
}

/** With patience: a study may just be leaving. */
async function retry(connection: Connection, entry: Entry): Promise<Outcome> {
  const deadlineMs = entry.method === 'suggestTrials' ? 300 : 20_000;
  for (let i = 0; ; i++) {
    const outcome = await connection.call(entry.method, entry.body, deadlineMs);
    if (outcome.kind === 'ok' || i === 50) return outcome;
    if (outcome.kind === 'refused' && outcome.reason !== 'STORE_UNAVAILABLE') return outcome;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** Whether the effect of a call was there; undefined where it can not be told from others'. */
async function wasThere({ findings, client, found }: Resolving, entry: Entry): Promise<boolean | undefined> {
  const study = found.get(entry.uid);
  switch (entry.method) {
    case 'createStudy': {
      const made = decodeRequest(entry.method, entry.body).study!.labels['made'];
      return [...found.values()].some(({ study: { labels } }) => labels['made'] === made);
    }
    case 'createTrial': {
      const made = decodeRequest(entry.method, entry.body).trial!.labels['made'];
      return [...(study?.trials.values() ?? [])].some(({ labels }) => labels['made'] === made);
    }
    case 'updateMetadata': {
      const { updates } = decodeRequest(entry.method, entry.body);
      const there = updates
        .filter(({ trial }) => trial === 0 || study?.trials.has(trial))
        .map(({ trial, metadata }) => {
          const record = trial === 0 ? study?.study : study?.trials.get(trial);
          return record?.metadata.some(({ key }) => key === metadata!.key) ?? false;
        });
      findings.expect(
        new Set(there).size <= 1,
        'broken',
        () => `call ${entry.number}, UpdateMetadata, was done by half`,
      );
      return there.includes(true);
    }
    case 'updateStudy': {
      const { study: given, updateMask } = decodeRequest(entry.method, entry.body);
      if (!study || !updateMask?.includes('display_name')) return undefined;
      const isNamed = study.study.displayName === given!.displayName;
      findings.expect(
        isNamed === (study.study.labels['last'] === given!.displayName),
        'broken',
        () => `call ${entry.number}, UpdateStudy, was done by half`,
      );
      return isNamed;
    }
    case 'reportMeasurement': {
      const { trial, attempt, measurement } = decodeRequest(entry.method, entry.body);
      if (!study?.trials.has(numberOf(trial))) return undefined;
      const reported = await readReports(client, trial);
      return reported.has(`${attempt}/${measurement!.step}`);
    }
    case 'deleteStudy':
      return entry.uid === '' ? undefined : !study;
    default:
      // Hand-outs are looked for as a whole: every attempt that is there was handed to some call.
      return undefined;
  }
}

/** Whether the answer tells of what was there. */
function isOfThen(found: Listing, entry: Entry, answer: Buffer): boolean {
  if (entry.method === 'createStudy') return found.has(decodeResponse(entry.method, answer).uid);
  if (entry.method !== 'createTrial') return true;
  const { studyUid, id } = decodeResponse(entry.method, answer);
  return found.get(studyUid)?.trials.has(id) ?? false;
}
