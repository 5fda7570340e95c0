/** Damages to the records of trials. */
import { RungResultKind, TrialState } from '../../server/domain/spec.js';
import { hasEnded } from '../../server/domain/trial.js';
import { TrialEndReason, TrialSource } from '../../server/gen/wazir/v1/trial.js';
import { keys } from '../../server/store/keys.js';
import type { Damage, Study } from './damage.js';
import { far, type DamageCase } from './damage-case.js';

export const damagedTrials: readonly DamageCase[] = [
  {
    what: 'a trial that is gone',
    damage: (damage, { uid }) => damage.delete(keys.trial(uid, 2)),
    check: 'trials',
    says: /is missing: trial 2/,
    also: ['changes'],
  },
  {
    what: 'a trial that calls itself another',
    damage: (damage, study) => damage.changeTrial(study, 2, { name: `${study.name}/trials/9` }),
    check: 'trials',
    says: /calls itself owners.*trials\/9/,
  },
  {
    what: 'a draw that was given twice',
    damage: async (damage, study) => {
      const { id: trial, scheduling } = await damage.trial(study, (each) => (each.scheduling?.draw ?? 0) > 0);
      await damage.changeTrial(study, trial, { scheduling: { ...scheduling!, draw: 0 } });
    },
    check: 'trials',
    says: /has draw 0, as trial \d+ has/,
  },
  {
    what: 'a draw that was left out',
    damage: async (damage, study) => {
      const { id: trial, scheduling } = await damage.trial(
        study,
        (each) => each.scheduling?.draw !== undefined,
      );
      await damage.changeTrial(study, trial, { scheduling: { ...scheduling!, draw: far } });
    },
    check: 'trials',
    says: /has no trial of draw 0/,
  },
  {
    what: 'a sampled trial that is said to be queued',
    damage: (damage, study) => damage.changeTrial(study, 1, { source: TrialSource.QUEUED }),
    check: 'trials',
    says: /although it was not sampled/,
  },
  {
    what: 'an ended trial with an assignment',
    damage: async (damage, study) => {
      const lent = await damage.trial(study, (each) => each.assignment !== undefined);
      await damage.changeTrial(study, lent.id, { state: TrialState.STOPPED });
    },
    check: 'states',
    says: /is STOPPED and has an assignment/,
    also: ['counters'],
  },
  {
    what: 'a lease under an attempt that is not the newest',
    damage: async (damage, study) => {
      const { id: trial, assignment } = await damage.trial(study, (each) => each.assignment !== undefined);
      await damage.changeTrial(study, trial, { assignment: { ...assignment!, attempt: 77 } });
    },
    check: 'states',
    says: /is lent under attempt 77 of/,
  },
  {
    what: 'a lease to another step than its rung',
    damage: async (damage, study) => {
      const { id: trial, assignment } = await damage.trial(study, (each) => each.assignment !== undefined);
      await damage.changeTrial(study, trial, { assignment: { ...assignment!, toResource: 2 } });
    },
    check: 'states',
    says: /is lent to step 2, its rung is at/,
  },
  {
    what: 'an active trial that nobody has and nobody gave back',
    damage: async (damage, study) => {
      const lent = await damage.trial(study, (each) => each.assignment !== undefined);
      await damage.changeTrial(study, lent.id, { assignment: undefined });
    },
    check: 'states',
    says: /is ACTIVE and has no assignment/,
  },
  {
    what: 'a paused trial whose attempt before saves',
    damage: async (damage, study) => {
      const paused = await damage.trial(study, (each) => each.state === TrialState.PAUSED);
      await damage.changeTrial(study, paused.id, {}, { savingAttempt: 55 });
    },
    check: 'states',
    says: /while attempt 55 saves/,
  },
  {
    what: 'a trial that is STOPPING for no reason',
    damage: async (damage, study) => {
      const lent = await damage.trial(study, (each) => each.assignment !== undefined);
      await damage.changeTrial(study, lent.id, {
        state: TrialState.STOPPING,
        endReason: TrialEndReason.UNSPECIFIED,
      });
    },
    check: 'states',
    says: /STOPPING for no reason/,
  },
  {
    what: 'an end without a time',
    damage: async (damage, study) => {
      const ended = await damage.trial(study, ({ state, deleted }) => hasEnded(state) && !deleted);
      await damage.changeTrial(study, ended.id, { endTime: undefined });
    },
    check: 'states',
    says: /without a time of its end/,
  },
  {
    what: 'a state that there is not',
    damage: (damage, study) => damage.changeTrial(study, 1, { state: 42 as TrialState }),
    check: 'states',
    says: /state 42, which there is not/,
  },
  {
    what: 'an attempt without a start',
    damage: async (damage, study) => {
      const tried = await damage.trial(study, ({ attempts, deleted }) => attempts > 0 && !deleted);
      await damage.changeTrial(study, tried.id, {}, { attemptStarts: [] });
    },
    check: 'states',
    says: /attempts and 0 starts/,
  },
  {
    what: 'a deleted trial that lives',
    damage: async (damage, study) => {
      const paused = await damage.trial(study, (each) => each.state === TrialState.PAUSED);
      await damage.changeTrial(study, paused.id, { deleted: true });
    },
    check: 'states',
    says: /is deleted and PAUSED/,
  },
  {
    what: 'a place off the ladder',
    damage: async (damage, study) => {
      const { id: trial, scheduling } = await damage.trial(study, (each) => each.scheduling !== undefined);
      await damage.changeTrial(study, trial, { scheduling: { ...scheduling!, target: 4 } });
    },
    check: 'rungs',
    says: /trains to step 4, rung \d of its bracket is at/,
  },
  {
    what: 'a bracket that there is not',
    damage: async (damage, study) => {
      const { id: trial, scheduling } = await damage.trial(study, (each) => each.scheduling !== undefined);
      await damage.changeTrial(study, trial, { scheduling: { ...scheduling!, bracket: 9 } });
    },
    check: 'rungs',
    says: /is in bracket 9 of 4/,
  },
  {
    what: 'a rung that counted twice',
    damage: async (damage, study) => {
      const { id: trial, scheduling } = await withResult(damage, study);
      const results = [...scheduling!.results, scheduling!.results.at(-1)!];
      await damage.changeTrial(study, trial, { scheduling: { ...scheduling!, results } });
    },
    check: 'rungs',
    says: /has a second result at rung/,
  },
  {
    what: 'a rung that was left out',
    damage: async (damage, study) => {
      const { id: trial, scheduling } = await withResult(damage, study);
      const results = scheduling!.results.map((each) => ({ ...each, rung: each.rung + 1 }));
      await damage.changeTrial(study, trial, { scheduling: { ...scheduling!, results } });
    },
    check: 'rungs',
    says: /has a result at rung 1 and none at 0/,
  },
  {
    what: 'a result that is no number',
    damage: async (damage, study) => {
      const { id: trial, scheduling } = await withResult(damage, study);
      const results = [{ ...scheduling!.results[0]!, kind: RungResultKind.VALUE, loss: Number.NaN }];
      await damage.changeTrial(study, trial, { scheduling: { ...scheduling!, results } });
    },
    check: 'rungs',
    says: /of kind 1 and loss NaN/,
  },
  {
    what: 'two trials with one report',
    damage: async (damage, study) => {
      const first = await withResult(damage, study);
      const { id: trial, scheduling } = await damage.trial(
        study,
        (each) => each.id > first.id && (each.scheduling?.results.length ?? 0) > 0,
      );
      const { sequence } = first.scheduling!.results[0]!;
      const results = scheduling!.results.map((each) => ({ ...each, sequence }));
      await damage.changeTrial(study, trial, { scheduling: { ...scheduling!, results } });
    },
    check: 'rungs',
    says: /has the report of trial \d+/,
  },
  {
    what: 'a result from the future',
    damage: async (damage, study) => {
      const { id: trial, scheduling } = await withResult(damage, study);
      const results = scheduling!.results.map((each) => ({ ...each, sequence: far }));
      await damage.changeTrial(study, trial, { scheduling: { ...scheduling!, results } });
    },
    check: 'rungs',
    says: /from change 16777215, itself from/,
  },
];

function withResult(damage: Damage, study: Study) {
  return damage.trial(study, (each) => (each.scheduling?.results.length ?? 0) > 0);
}
