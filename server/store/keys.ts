/**
 * The layout of keys. Text, so that a database can be looked at; numbers in
 * fixed-width hexadecimal (14 digits hold 2^53 − 1), so that they sort.
 *
 * | key                                        | value              |
 * |--------------------------------------------|--------------------|
 * | `!database`                                | DatabaseRecord     |
 * | `!secret`                                  | SecretRecord       |
 * | `j/{number}`                               | JournalRecord      |
 * | `n/{owner}/{study}`                        | NameRecord         |
 * | `o/{owner}/{request id}`                   | RequestRecord      |
 * | `x/{uid}`                                  | PurgeRecord        |
 * | `s/{uid}`                                  | StudyRecord        |
 * | `t/{uid}/{trial}`                          | TrialRecord        |
 * | `m/{uid}/{trial}/{attempt}/{step}`         | MeasurementRecord  |
 * | `r/{uid}/{request id}`                     | RequestRecord      |
 * | `q/{uid}/{sequence}`                       | RequestOrderRecord |
 * | `c/{uid}/{sequence}`                       | ChangeRecord       |
 *
 * Owner and study ids hold neither `/` nor control characters (domain/names.ts),
 * uids are lower-case letters and digits, request ids are the last part of
 * their key: no key can be mistaken for another's.
 */
import type { Range } from './store.js';

const digits = 14;

function number(value: number): string {
  return value.toString(16).padStart(digits, '0');
}

/** Everything below a prefix. `0` is the character after `/`. */
function below(prefix: string): Range {
  return { gt: `${prefix}/`, lt: `${prefix}0` };
}

export const keys = {
  database: '!database',
  secret: '!secret',

  journal: (entry: number) => `j/${number(entry)}`,
  journals: () => below('j'),

  name: (owner: string, study: string) => `n/${owner}/${study}`,
  names: () => below('n'),
  namesOf: (owner: string) => below(`n/${owner}`),

  ownerRequest: (owner: string, requestId: string) => `o/${owner}/${requestId}`,

  ownerRequestsOf: (owner: string) => below(`o/${owner}`),

  purge: (uid: string) => `x/${uid}`,
  purges: () => below('x'),

  study: (uid: string) => `s/${uid}`,

  trial: (uid: string, trial: number) => `t/${uid}/${number(trial)}`,
  trialsOf: (uid: string) => below(`t/${uid}`),

  measurement: (uid: string, trial: number, attempt: number, step: number) =>
    `m/${uid}/${number(trial)}/${number(attempt)}/${number(step)}`,
  measurementsOf: (uid: string, trial: number) => below(`m/${uid}/${number(trial)}`),
  measurementsOfAttempt: (uid: string, trial: number, attempt: number) =>
    below(`m/${uid}/${number(trial)}/${number(attempt)}`),
  measurementsOfStudy: (uid: string) => below(`m/${uid}`),

  request: (uid: string, requestId: string) => `r/${uid}/${requestId}`,
  requestsOf: (uid: string) => below(`r/${uid}`),
  requestOrder: (uid: string, sequence: number) => `q/${uid}/${number(sequence)}`,
  requestOrdersOf: (uid: string) => below(`q/${uid}`),

  change: (uid: string, sequence: number) => `c/${uid}/${number(sequence)}`,
  changesOf: (uid: string) => below(`c/${uid}`),
  changesAfter: (uid: string, sequence: number): Range => ({
    gt: `c/${uid}/${number(sequence)}`,
    lt: `c/${uid}0`,
  }),
} as const;

/** All ranges that hold records of a study: what a purge deletes. Its name and its own record go at once. */
export function rangesOfStudy(uid: string): Range[] {
  return [
    keys.trialsOf(uid),
    keys.measurementsOfStudy(uid),
    keys.requestsOf(uid),
    keys.requestOrdersOf(uid),
    keys.changesOf(uid),
  ];
}

/** The number that ends a key. */
export function lastNumber(key: string): number {
  return Number.parseInt(key.slice(-digits), 16);
}
