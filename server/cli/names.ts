import { WazirError } from '../domain/errors.js';
import {
  formatStudyName,
  formatTrialName,
  parseOwner,
  parseStudyName,
  parseTrialName,
} from '../domain/names.js';
import { ExitCode } from './exit-code.js';
import { Failure } from './failure.js';

/** The full name of an owner, by its id. */
export function ownerName(owner: string): string {
  const name = `owners/${owner}`;
  checked('--owner', () => parseOwner('', name));
  return name;
}

/** The full name of a study that the user gave as an id or a full name. */
export function studyName(given: string, owner: string): string {
  const name = given.includes('/') ? given : `${ownerName(owner)}/studies/${given}`;
  return formatStudyName(checked('study', () => parseStudyName('', name)));
}

/** The full name of a trial: a study and the trial's number, or the trial's full name alone. */
export function trialName(given: string, number: string | undefined, owner: string): string {
  const name = number === undefined ? given : `${studyName(given, owner)}/trials/${number}`;
  const parsed = checked('trial', () => parseTrialName('', name));
  return formatTrialName(parsed, parsed.trial);
}

/** The last part of a name: the id that people use. */
export function lastId(name: string): string {
  return name.slice(name.lastIndexOf('/') + 1);
}

/** The server would refuse these too, but as its own fault to find: here it is wrong usage. */
function checked<T>(argument: string, parse: () => T): T {
  try {
    return parse();
  } catch (error) {
    if (!(error instanceof WazirError)) throw error;
    const description = error.violations[0]?.description ?? error.message;
    throw new Failure(ExitCode.usage, `${argument}: ${description}`, { cause: error });
  }
}
