import { WazirError } from '../../domain/errors.js';
import { unseal } from '../../store/checksum.js';
import { keys } from '../../store/keys.js';
import { parseKey, recordFault } from '../../store/schema.js';
import type { Check } from '../check.js';

/** What is wrong with the record of a key, by itself; undefined where nothing is. */
export function faultOf(key: string, sealed: Uint8Array): string | undefined {
  try {
    return recordFault(key, unseal(key, sealed));
  } catch (error) {
    if (error instanceof WazirError) return 'does not have its checksum: it is damaged on disk';
    throw error;
  }
}

export const records: Check = {
  name: 'records',
  holds: 'Every value has its checksum, decodes, and lies under a key that is known.',

  async directory(patient, tell) {
    const { view } = patient;
    for await (const [key, value] of view.raw.iterator({ gt: keys.database })) {
      const what = faultOf(key, value);
      if (what === undefined) continue;
      const parsed = parseKey(key);
      tell({ study: parsed && 'uid' in parsed ? patient.nameOf(parsed.uid) : undefined, record: key, what });
    }
    for await (const key of view.raw.keys({ lt: keys.database }))
      tell({ record: key, what: 'has a key that this release does not know' });
  },
};
