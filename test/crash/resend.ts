/** Sends acknowledged calls again: each is to be answered as the first time, and to have no second effect. */
import type { Findings } from './findings.js';
import type { Entry } from './ledger.js';
import type { Listing } from './listing.js';
import { decodeResponse, type Connection, type Outcome } from './methods.js';

const atOnce = 32;

export interface Resending {
  readonly findings: Findings;
  readonly connection: Connection;
  readonly listing: Listing;
  readonly acknowledged: readonly Entry[];
}

export async function resendAcknowledged(resending: Resending): Promise<void> {
  const { findings, connection, listing, acknowledged } = resending;
  const entries = [...new Set(acknowledged)].filter((entry) => isRepeatable(entry, listing));
  for (let i = 0; i < entries.length; i += atOnce)
    await Promise.all(
      entries.slice(i, i + atOnce).map(async (entry) => {
        const again = await connection.call(entry.method, entry.body);
        findings.expect(
          isSameAnswer(entry, again),
          'lost',
          () => `call ${entry.number}, ${entry.method} on ${entry.uid}, sent again: ${describe(again)}`,
        );
      }),
    );
}

/** Whether its first answer is still kept: the owner keeps it, or a study that is there. */
function isRepeatable({ method, uid, outcome }: Entry, listing: Listing): boolean {
  if (outcome.kind !== 'ok') return false;
  switch (method) {
    case 'createStudy':
    case 'deleteStudy':
      return true;
    case 'suggestTrials':
      // An answer without a trial is not kept.
      return listing.has(uid) && decodeResponse(method, outcome.body).trials.length > 0;
    case 'renewLease':
    case 'reportMeasurement':
      // Not kept by request id.
      return false;
    default:
      return listing.has(uid);
  }
}

function isSameAnswer({ outcome }: Entry, again: Outcome): boolean {
  return outcome.kind === 'ok' && again.kind === 'ok' && outcome.body.equals(again.body);
}

export function describe(outcome: Outcome): string {
  switch (outcome.kind) {
    case 'ok':
      return `another answer, ${outcome.body.toString('base64').slice(0, 200)}`;
    case 'open':
      return `no answer, ${outcome.code}`;
    case 'refused':
      return `${outcome.code} ${outcome.reason}`;
  }
}
