/** What lies under which key: reads keys back, and says whether a value can be what its key promises. */
import {
  ChangeRecord,
  JournalRecord,
  MeasurementRecord,
  NameRecord,
  PurgeRecord,
  RequestOrderRecord,
  RequestRecord,
  SecretRecord,
  StudyRecord,
  TrialRecord,
} from '../gen/wazir/internal/v1/records.js';

/** A key's parts. Which of them there are depends on its kind. */
export type ParsedKey =
  | { readonly kind: 'secret' }
  | { readonly kind: 'journal'; readonly number: number }
  | { readonly kind: 'name'; readonly owner: string; readonly study: string }
  | { readonly kind: 'ownerRequest'; readonly owner: string; readonly requestId: string }
  | { readonly kind: 'purge' | 'study'; readonly uid: string }
  | { readonly kind: 'trial'; readonly uid: string; readonly trial: number }
  | {
      readonly kind: 'measurement';
      readonly uid: string;
      readonly trial: number;
      readonly attempt: number;
      readonly step: number;
    }
  | { readonly kind: 'request'; readonly uid: string; readonly requestId: string }
  | { readonly kind: 'requestOrder' | 'change'; readonly uid: string; readonly sequence: number };

const number = '[0-9a-f]{14}';
const uid = '[0-9a-z]+';
// As domain/names.ts and request-log.ts let them be.
const id = '[^/\\u0000-\\u001f\\u007f]+';

type Make = (...parts: string[]) => ParsedKey;

const patterns: Readonly<Record<string, readonly [pattern: RegExp, make: Make]>> = {
  '!': [keyPattern('!secret'), () => ({ kind: 'secret' })],
  j: [keyPattern(`j/(${number})`), (n) => ({ kind: 'journal', number: hex(n) })],
  n: [keyPattern(`n/(${id})/(${id})`), (owner, study) => ({ kind: 'name', owner: owner, study: study })],
  o: [
    keyPattern(`o/(${id})/(${id})`),
    (owner, requestId) => ({ kind: 'ownerRequest', owner: owner, requestId: requestId }),
  ],
  x: [keyPattern(`x/(${uid})`), (it) => ({ kind: 'purge', uid: it })],
  s: [keyPattern(`s/(${uid})`), (it) => ({ kind: 'study', uid: it })],
  t: [keyPattern(`t/(${uid})/(${number})`), (it, trial) => ({ kind: 'trial', uid: it, trial: hex(trial) })],
  m: [
    keyPattern(`m/(${uid})/(${number})/(${number})/(${number})`),
    (it, trial, attempt, step) => ({
      kind: 'measurement',
      uid: it,
      trial: hex(trial),
      attempt: hex(attempt),
      step: hex(step),
    }),
  ],
  r: [
    keyPattern(`r/(${uid})/(${id})`),
    (it, requestId) => ({ kind: 'request', uid: it, requestId: requestId }),
  ],
  q: [
    keyPattern(`q/(${uid})/(${number})`),
    (it, sequence) => ({ kind: 'requestOrder', uid: it, sequence: hex(sequence) }),
  ],
  c: [
    keyPattern(`c/(${uid})/(${number})`),
    (it, sequence) => ({ kind: 'change', uid: it, sequence: hex(sequence) }),
  ],
};

function keyPattern(source: string): RegExp {
  return new RegExp(`^${source}$`, 'u');
}

function hex(digits: string | undefined): number {
  return Number.parseInt(digits!, 16);
}

/** The parts of a key; undefined where it is none of the layout (keys.ts), `!database` included. */
export function parseKey(key: string): ParsedKey | undefined {
  const [pattern, make] = patterns[key[0] ?? ''] ?? [];
  const match = pattern?.exec(key);
  return match && make ? make(...match.slice(1)) : undefined;
}

const decoders: Readonly<Record<ParsedKey['kind'], (value: Uint8Array) => boolean>> = {
  secret: (value) => SecretRecord.decode(value).pageTokenKey.length === 32,
  journal: (value) => JournalRecord.decode(value).bytes >= 0,
  name: (value) => NameRecord.decode(value).uid !== '',
  ownerRequest: (value) => RequestRecord.decode(value).time !== undefined,
  purge: (value) => PurgeRecord.decode(value).name !== '',
  study: (value) => StudyRecord.decode(value).study?.spec !== undefined,
  trial: (value) => TrialRecord.decode(value).trial !== undefined,
  measurement: (value) => MeasurementRecord.decode(value).measurement !== undefined,
  request: (value) => RequestRecord.decode(value).time !== undefined,
  requestOrder: (value) => RequestOrderRecord.decode(value).time !== undefined,
  change: (value) => ChangeRecord.decode(value).trial >= 0,
};

/** What is wrong with a record as such, whatever else there is: "has no known key", for one. */
export function recordFault(key: string, value: Uint8Array): string | undefined {
  const parsed = parseKey(key);
  if (!parsed) return 'has a key that this release does not know';
  try {
    return decoders[parsed.kind](value) ? undefined : 'lacks what a record of its kind has';
  } catch (error) {
    return `does not decode: ${error instanceof Error ? error.message : String(error)}`;
  }
}
