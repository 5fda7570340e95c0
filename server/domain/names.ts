/** Resource names: `owners/{owner}/studies/{study}/trials/{trial}`. Parsed and made here alone. */
import { invalid } from './errors.js';

export interface StudyName {
  readonly owner: string;
  readonly study: string;
}

export interface TrialName extends StudyName {
  readonly trial: number;
}

const maxIdBytes = 256;
const control = /[\u0000-\u001f\u007f-\u009f]/;
const loneSurrogate = /[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/;
const trialId = /^[1-9][0-9]{0,15}$/;
const ofTrials = '/trials/';
// More than any name of legal ids and a 16-digit number can hold.
const maxNameLength = 1024;

/** What is wrong with an owner's or a study's id; undefined where it is well-formed. */
export function idFault(id: string): string | undefined {
  if (id === '') return 'must not be empty';
  // 3 bytes are the most that a UTF-16 unit takes; the cheap test goes first.
  if (id.length * 3 > maxIdBytes && new TextEncoder().encode(id).length > maxIdBytes)
    return `must be at most ${maxIdBytes} bytes`;
  if (id.includes('/') || control.test(id)) return 'must not hold "/" or control characters';
  if (loneSurrogate.test(id)) return 'must be valid Unicode';
  if (id === '.' || id === '..') return 'must not be "." or ".."';
  return undefined;
}

function parts(field: string, name: string, shape: string): string[] {
  const words = shape.split('/');
  const given = name.length > maxNameLength ? [] : name.split('/');
  const fits =
    given.length === words.length && words.every((word, i) => word.startsWith('{') || word === given[i]);
  if (!fits) throw invalid(field, `must have the form "${shape}"`);
  return given;
}

function checkedId(field: string, kind: string, id: string): string {
  const fault = idFault(id);
  if (fault !== undefined) throw invalid(field, `the ${kind} id ${fault}`);
  return id;
}

/** Reads `owners/{owner}`; throws INVALID_FIELD naming `field`. */
export function parseOwner(field: string, name: string): string {
  return checkedId(field, 'owner', parts(field, name, 'owners/{owner}')[1]!);
}

// Most calls name the same few studies, and to look one up costs 0.1 µs where to read it costs 0.8.
// A bound, not a tuning: names come from clients, and studies go.
const mostKnown = 4096;
const known = new Map<string, StudyName>();

/** Reads `owners/{owner}/studies/{study}`; throws INVALID_FIELD naming `field`. */
export function parseStudyName(field: string, name: string): StudyName {
  const found = known.get(name);
  if (found) return found;
  const read = readStudyName(field, name);
  if (known.size >= mostKnown) known.clear();
  known.set(name, read);
  return read;
}

function readStudyName(field: string, name: string): StudyName {
  const given = parts(field, name, 'owners/{owner}/studies/{study}');
  return { owner: checkedId(field, 'owner', given[1]!), study: checkedId(field, 'study', given[3]!) };
}

/** The number that a trial's id says; undefined where it is none. */
function trialNumber(digits: string): number | undefined {
  const trial = trialId.test(digits) ? Number(digits) : Number.NaN;
  return Number.isSafeInteger(trial) ? trial : undefined;
}

/**
 * A trial's name as the name of its study and a number, without a look at the
 * former: for whoever looks it up among names that are known to be well-formed.
 * Undefined where it does not end like the name of a trial.
 */
export function splitTrialName(name: string): { readonly study: string; readonly trial: number } | undefined {
  const end = name.lastIndexOf(ofTrials);
  const trial = end < 0 ? undefined : trialNumber(name.slice(end + ofTrials.length));
  return trial === undefined ? undefined : { study: name.slice(0, end), trial };
}

/** Reads `owners/{owner}/studies/{study}/trials/{trial}`; throws INVALID_FIELD naming `field`. */
export function parseTrialName(field: string, name: string): TrialName {
  const end = name.lastIndexOf(trialPart);
  const study = end < 0 ? undefined : known.get(name.slice(0, end));
  const digits = name.slice(end + trialPart.length);
  // What does not fit is told by the long way.
  if (study && /^[1-9][0-9]{0,14}$/.test(digits)) return { ...study, trial: Number(digits) };
  const read = readTrialName(field, name);
  parseStudyName(field, formatStudyName(read));
  return read;
}

const trialPart = '/trials/';

function readTrialName(field: string, name: string): TrialName {
  const given = parts(field, name, 'owners/{owner}/studies/{study}/trials/{trial}');
  const trial = trialNumber(given[5]!);
  if (trial === undefined)
    throw invalid(field, 'the trial id must be a whole number from 1 to 2^53 − 1 without leading zeros');
  return {
    owner: checkedId(field, 'owner', given[1]!),
    study: checkedId(field, 'study', given[3]!),
    trial,
  };
}

export function formatOwner(owner: string): string {
  return `owners/${owner}`;
}

export function formatStudyName(name: StudyName): string {
  return `owners/${name.owner}/studies/${name.study}`;
}

export function formatTrialName(name: StudyName, trial: number): string {
  return `${formatStudyName(name)}/trials/${trial}`;
}
