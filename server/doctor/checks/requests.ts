import { RequestOrderRecord } from '../../gen/wazir/internal/v1/records.js';
import { keys } from '../../store/keys.js';
import { readable } from '../readable.js';
import type { Check } from '../check.js';

export const requests: Check = {
  name: 'requests',
  holds: 'Every answer to a request id stands once in the order in which they are forgotten.',

  study({ patient, uid, name }, tell) {
    return {
      async end() {
        const answers = new Set<string>();
        for await (const [key] of readable(patient, keys.requestsOf(uid)))
          answers.add(key.slice(keys.request(uid, '').length));
        const ordered = new Set<string>();
        for await (const [key, value] of readable(patient, keys.requestOrdersOf(uid))) {
          const { requestId } = RequestOrderRecord.decode(value);
          const id = JSON.stringify(requestId);
          if (ordered.has(requestId))
            tell({ study: name, record: key, what: `is a second entry of request ${id}` });
          else if (!answers.has(requestId) && !patient.isDamaged(keys.request(uid, requestId)))
            tell({ study: name, record: key, what: `is of request ${id}, whose answer does not exist` });
          ordered.add(requestId);
        }
        for (const id of answers)
          if (!ordered.has(id))
            tell({
              study: name,
              record: keys.request(uid, id),
              what: 'would never be forgotten: it has no order',
            });
      },
    };
  },
};
