import { currentFormat } from '../../store/identity.js';
import type { Check } from '../check.js';

export const identity: Check = {
  name: 'identity',
  holds: 'The identity file and the database are of each other, and of the format of this release.',

  directory({ view }, tell) {
    const { identity: file, record } = view;
    if (!record) {
      // A crash while it was being made: nothing was ever acknowledged.
      if (file.openings > 0)
        tell({ record: '!database', what: 'is missing: the database beside the file is empty' });
      return;
    }
    if (record.id !== file.id)
      tell({ record: 'wazir.json', what: `is of database ${file.id}, beside it lies database ${record.id}` });
    if (record.format !== currentFormat || record.migration)
      tell({
        record: '!database',
        what: `has format ${record.format}, this release checks format ${currentFormat}: start the server once`,
      });
  },
};
