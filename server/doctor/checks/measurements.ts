import { keys } from '../../store/keys.js';
import { TrialFacts } from '../trial-facts.js';
import type { Check } from '../check.js';

export const measurements: Check = {
  name: 'measurements',
  holds:
    'Every measurement is of an attempt that there was, and trials have spent and reached what they measured.',

  study({ patient, uid, name, record }, tell) {
    const facts = new Map<number, TrialFacts>();
    const metrics = new Set(record.study!.spec!.metrics.map((metric) => metric.name));
    return {
      trial(trial) {
        facts.set(trial.trial!.id, new TrialFacts(trial));
      },
      measurement({ measurement, sequence }, { trial, attempt, step }, key) {
        const say = (what: string) => tell({ study: name, record: key, what });
        const its = facts.get(trial);
        if (!its) {
          if (!patient.isDamaged(keys.trial(uid, trial))) say(`is of trial ${trial}, which does not exist`);
          return;
        }
        its.add(attempt, step);
        if (its.trial.deleted) say(`is of trial ${trial}, which is deleted`);
        else if (attempt < 1 || attempt > its.trial.attempts)
          say(`is of attempt ${attempt} of ${its.trial.attempts} of trial ${trial}`);
        if (measurement!.attempt !== attempt || measurement!.step !== step)
          say(`calls itself step ${measurement!.step} of attempt ${measurement!.attempt}`);
        if (sequence < 1) say('has no sequence number');
        const given = measurement!.metrics.map((metric) => metric.name);
        if (
          given.length === 0 ||
          given.some((metric, i) => !metrics.has(metric) || given.indexOf(metric) !== i)
        )
          say(`has the metrics ${JSON.stringify(given)}`);
      },
      end() {
        for (const its of facts.values()) {
          if (!its.isMeasured) continue;
          const { id, lastStep, resourceSpent } = its.trial;
          const say = (what: string) => tell({ study: name, record: keys.trial(uid, id), what });
          // While it lives its record is older than its reports.
          const isWrong = (recorded: number, measured: number) =>
            its.ended ? recorded !== measured : recorded > measured;
          if (isWrong(lastStep, its.lastStep))
            say(`is at step ${lastStep}, its measurements reach ${its.lastStep}`);
          if (isWrong(resourceSpent, its.spent))
            say(`has spent ${resourceSpent} steps, its measurements ${its.spent}`);
        }
      },
    };
  },
};
