import { TrialSource } from '../../gen/wazir/v1/trial.js';
import { keys } from '../../store/keys.js';
import type { Check } from '../check.js';

export const trials: Check = {
  name: 'trials',
  holds: "A study's trials are numbered from 1 without gaps, and so are its sampler's draws.",

  study({ patient, uid, name }, tell) {
    let last = 0;
    const draws = new Map<number, number>();
    let gap = false;
    return {
      trial({ trial }, key) {
        const { id, scheduling, source, studyUid } = trial!;
        const say = (what: string) => tell({ study: name, record: key, what });
        const number = Number.parseInt(key.slice(-14), 16);
        for (let missing = last + 1; missing < number; missing++) {
          gap = true;
          if (!patient.isDamaged(keys.trial(uid, missing)))
            tell({ study: name, record: keys.trial(uid, missing), what: `is missing: trial ${missing}` });
        }
        last = number;
        if (id !== number) say(`calls itself trial ${id}`);
        if (trial!.name !== `${name}/trials/${number}`) say(`calls itself ${trial!.name}`);
        if (studyUid !== uid) say(`calls itself of study ${studyUid}`);
        const draw = scheduling?.draw;
        if (source !== TrialSource.SAMPLED) {
          if (draw !== undefined) say(`has draw ${draw} although it was not sampled`);
        } else if (draw === undefined) say('was sampled and has no draw');
        else {
          const other = draws.get(draw);
          if (other !== undefined) say(`has draw ${draw}, as trial ${other} has`);
          draws.set(draw, number);
        }
      },
      end() {
        if (gap) return;
        for (let draw = 0; draw < draws.size; draw++)
          if (!draws.has(draw)) {
            tell({ study: name, what: `has no trial of draw ${draw}` });
            return;
          }
      },
    };
  },
};
