/**
 * What is said of a name that is not there. The one place for these texts: a name
 * that a caller may not know of is answered with the same.
 */
import { WazirError } from './errors.js';
import { formatOwner, formatStudyName, type StudyName } from './names.js';

export function ownerNotFound(owner: string): WazirError {
  return new WazirError('OWNER_NOT_FOUND', `${formatOwner(owner)} does not exist`, {
    resource: formatOwner(owner),
  });
}

export function studyNotFound(name: StudyName): WazirError {
  return new WazirError('STUDY_NOT_FOUND', `${formatStudyName(name)} does not exist`, {
    resource: formatStudyName(name),
  });
}
