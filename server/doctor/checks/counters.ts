import { TrialState } from '../../domain/spec.js';
import { parseStudyName } from '../../domain/names.js';
import type { Study } from '../../engine/study.js';
import { loadStudy } from '../../engine/load.js';
import { StudyState, TrialSource } from '../../gen/wazir/v1/trial.js';
import { stillEngine } from '../still-engine.js';
import { TrialFacts } from '../trial-facts.js';
import type { Check } from '../check.js';

export const counters: Check = {
  name: 'counters',
  holds: 'The engine loads every study, and counts of it what a count of its records gives.',

  study({ patient, uid, name, record }, tell) {
    const facts = new Map<number, TrialFacts>();
    const say = (what: string) => tell({ study: name, what });
    return {
      trial(trial) {
        facts.set(trial.trial!.id, new TrialFacts(trial));
      },
      measurement(_, { trial, attempt, step }) {
        facts.get(trial)?.add(attempt, step);
      },
      async end() {
        let study: Study;
        try {
          study = await loadStudy(stillEngine(patient.view).home, parseStudyName('name', name), record);
        } catch (error) {
          say(`can not be loaded: ${error instanceof Error ? error.message : String(error)}`);
          return;
        }
        const counted = countOf([...facts.values()]);
        const found = foundIn(study);
        for (const [what, count] of Object.entries(counted))
          if (found[what] !== count)
            say(`is loaded with ${what} = ${found[what]}, its records give ${count}`);
        const { state } = record.study!;
        if (state === StudyState.COMPLETED)
          for (const { trial, ended } of facts.values())
            if (!ended && trial.state !== TrialState.STOPPING)
              say(`is COMPLETED, trial ${trial.id} is ${TrialState[trial.state]}`);
        if (study.uid !== uid) say(`calls itself study ${study.uid}`);
      },
    };
  },
};

type Counts = Record<string, number>;

function foundIn(study: Study): Counts {
  return {
    ...study.progress,
    counted: study.counted,
    next_trial: study.nextTrial,
    next_draw: study.nextDraw,
    leases: study.leases.size,
    saving: study.saving.size,
    queued: study.queue.size,
    released: study.released.size,
  };
}

/** By counting, without any of the engine's own sums. */
function countOf(all: readonly TrialFacts[]): Counts {
  const number = (is: (facts: TrialFacts) => boolean) => all.filter(is).length;
  const sum = (of: (facts: TrialFacts) => number) => all.reduce((total, facts) => total + of(facts), 0);
  const inState =
    (...states: TrialState[]) =>
    ({ trial }: TrialFacts) =>
      !trial.deleted && states.includes(trial.state);
  return {
    requested: number(inState(TrialState.REQUESTED)),
    active: number(inState(TrialState.ACTIVE)),
    paused: number(inState(TrialState.PAUSED)),
    stopping: number(inState(TrialState.STOPPING)),
    succeeded: number(inState(TrialState.SUCCEEDED)),
    stopped: number(inState(TrialState.STOPPED)),
    infeasible: number(inState(TrialState.INFEASIBLE)),
    failed: number(inState(TrialState.FAILED)),
    resourceSpent: sum((facts) => (facts.isMeasured ? facts.spent : facts.trial.resourceSpent)),
    resourceLent: sum((facts) => {
      const { assignment, attempts } = facts.trial;
      return assignment ? Math.max(0, assignment.toResource - facts.reached(attempts)) : 0;
    }),
    reassigned: sum(({ trial }) => trial.expiries),
    counted: number(
      ({ trial }) => trial.source !== TrialSource.WARM_START && trial.state !== TrialState.INFEASIBLE,
    ),
    next_trial: all.reduce((last, { trial }) => Math.max(last, trial.id), 0) + 1,
    next_draw: all.reduce((last, { trial }) => Math.max(last, trial.scheduling?.draw ?? -1), -1) + 1,
    leases: number(
      (facts) => inState(TrialState.ACTIVE, TrialState.STOPPING)(facts) && !facts.record.released,
    ),
    saving: number(({ record }) => record.savingAttempt > 0),
    queued: number(inState(TrialState.REQUESTED)),
    released: number(({ record }) => record.released),
  };
}
