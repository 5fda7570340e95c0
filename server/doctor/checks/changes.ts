import { ChangeRecord } from '../../gen/wazir/internal/v1/records.js';
import { keys, lastNumber } from '../../store/keys.js';
import { readable } from '../readable.js';
import type { Check } from '../check.js';

export const changes: Check = {
  name: 'changes',
  holds: 'Every record has one entry among the changes, under its sequence number, and there is no other.',

  study({ patient, uid, name, record }, tell) {
    const sequences = new Map([[0, record.study!.sequence]]);
    return {
      trial({ trial }) {
        sequences.set(trial!.id, trial!.sequence);
      },
      async end() {
        for await (const [key, value] of readable(patient, keys.changesOf(uid))) {
          const { trial } = ChangeRecord.decode(value);
          const whose = trial === 0 ? 'the study' : `trial ${trial}`;
          const sequence = sequences.get(trial);
          if (sequence === lastNumber(key)) sequences.delete(trial);
          else if (sequence !== undefined)
            tell({ study: name, record: key, what: `is of ${whose}, which last changed at ${sequence}` });
          else if (trial === 0 || !patient.isDamaged(keys.trial(uid, trial)))
            tell({ study: name, record: key, what: `is a second entry of ${whose}, or it does not exist` });
        }
        for (const [trial, sequence] of sequences) {
          const key = keys.change(uid, sequence);
          if (!patient.isDamaged(key))
            tell({
              study: name,
              record: trial === 0 ? keys.study(uid) : keys.trial(uid, trial),
              what: `changed at ${sequence}, and is not among the changes`,
            });
        }
      },
    };
  },
};
