import { keys, rangesOfStudy } from '../../store/keys.js';
import type { Check, Patient } from '../check.js';

export const leftovers: Check = {
  name: 'leftovers',
  holds: 'Nothing is left of studies that are deleted and purged.',

  async directory(patient, tell) {
    const purging = new Set<string>();
    for await (const key of patient.view.raw.keys(keys.purges()))
      purging.add(key.slice(keys.purge('').length));
    for (const [i, { gt }] of rangesOfStudy('').entries()) {
      const prefix = gt!.slice(0, 2);
      for await (const uid of uidsBelow(patient, prefix)) {
        if (patient.studies.has(uid) || purging.has(uid) || patient.isDamaged(keys.study(uid))) continue;
        let count = 0;
        for await (const _ of patient.view.raw.keys({ ...rangesOfStudy(uid)[i]! })) count++;
        tell({ record: `${prefix}${uid}/`, what: `holds ${count} records of a study that does not exist` });
      }
    }
  },
};

/** The uids that occur below a prefix, by leaps: one look for each. */
async function* uidsBelow({ view }: Patient, prefix: string): AsyncGenerator<string> {
  for (let from = prefix; ;) {
    const [key] = await view.raw.keys({ gt: from, lt: `${prefix.slice(0, -1)}0`, limit: 1 }).all();
    if (key === undefined) return;
    const end = key.indexOf('/', prefix.length);
    // A key that is none is the check `records`'s.
    if (end < 0) from = key;
    else {
      const uid = key.slice(prefix.length, end);
      yield uid;
      from = `${prefix}${uid}0`;
    }
  }
}
