import { WazirError } from '../domain/errors.js';
import { formatStudyName, type StudyName } from '../domain/names.js';
import { parseKey } from '../store/schema.js';

/** A record of a study that is damaged on disk, as whoever asks for the study hears of it; any other error as it is. */
export function damagedIn(name: StudyName, error: unknown): unknown {
  if (!(error instanceof WazirError) || error.reason !== 'DATA_DAMAGED') return error;
  const { key = '' } = error.metadata;
  return new WazirError(
    'DATA_DAMAGED',
    `${formatStudyName(name)} can not be loaded: its ${inWords(key)} is damaged on disk (record ${key}); ` +
      'other studies are served. "wazir doctor" lists what is damaged; restore a backup',
    { metadata: { key, study: formatStudyName(name) }, cause: error },
  );
}

function inWords(key: string): string {
  const parts = parseKey(key);
  switch (parts?.kind) {
    case 'trial':
      return `trial ${parts.trial}`;
    case 'measurement':
      return `measurement of trial ${parts.trial}, attempt ${parts.attempt}, step ${parts.step}`;
    case 'study':
    case 'name':
      return 'own record';
    default:
      return 'list of request ids';
  }
}
