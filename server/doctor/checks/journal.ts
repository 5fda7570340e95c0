import { keys, lastNumber } from '../../store/keys.js';
import type { Check } from '../check.js';

export const journal: Check = {
  name: 'journal',
  holds: 'No batch that was written is missing: the journal has no gap, and knows of every opening.',

  async directory(patient, tell) {
    const { view } = patient;
    let newest = 0;
    for await (const key of view.raw.keys(keys.journals())) {
      const number = lastNumber(key);
      if (newest !== 0 && number !== newest + 1)
        tell({
          record: keys.journal(newest + 1),
          what: `and on to ${number - 1}: these batches are missing`,
        });
      newest = number;
    }
    const known = view.record?.openings ?? 0;
    // The file is written after the database, and never ahead of it.
    if (view.record && view.identity.openings > known)
      tell({
        record: '!database',
        what: `knows of ${known} openings, the identity file of ${view.identity.openings}: the batches after ${newest} are missing`,
      });
  },
};
