import { formatStudyName } from '../../domain/names.js';
import { NameRecord } from '../../gen/wazir/internal/v1/records.js';
import { keys } from '../../store/keys.js';
import { parseKey } from '../../store/schema.js';
import { readable } from '../readable.js';
import type { Check } from '../check.js';

export const names: Check = {
  name: 'names',
  holds: 'Every name leads to a study of that name, and every study is led to by its name alone.',

  async directory(patient, tell) {
    const led = new Map<string, string>();
    for await (const [key, value] of readable(patient, { gt: 'n/', lt: 'n0' })) {
      const parsed = parseKey(key);
      if (parsed?.kind !== 'name') continue;
      const name = formatStudyName(parsed);
      const { uid } = NameRecord.decode(value);
      const other = led.get(uid);
      if (other !== undefined) tell({ study: name, record: key, what: `leads to the study of ${other}` });
      led.set(uid, name);
      const record = patient.studies.get(uid);
      if (!record) {
        if (!patient.isDamaged(keys.study(uid)))
          tell({ study: name, record: key, what: `leads to study ${uid}, which does not exist` });
      } else if (record.study!.name !== name)
        tell({ study: name, record: key, what: `leads to a study that calls itself ${record.study!.name}` });
    }
    for (const [uid, { study }] of patient.studies) {
      const { name } = study!;
      if (study!.uid !== uid)
        tell({ study: name, record: keys.study(uid), what: `calls itself study ${study!.uid}` });
      if (!led.has(uid)) tell({ study: name, record: keys.study(uid), what: 'is led to by no name' });
    }
    for await (const [key] of readable(patient, keys.purges())) {
      const uid = key.slice(keys.purge('').length);
      if (patient.studies.has(uid))
        tell({ study: patient.nameOf(uid), record: key, what: 'is of a study that is still there' });
    }
  },
};
