/** Damages to what a study keeps beside its trials, and to itself. */
import { hasEnded } from '../../server/domain/trial.js';
import {
  ChangeRecord,
  MeasurementRecord,
  RequestOrderRecord,
  StudyRecord,
} from '../../server/gen/wazir/internal/v1/records.js';
import { StudyState } from '../../server/gen/wazir/v1/trial.js';
import { keys } from '../../server/store/keys.js';
import { far, type DamageCase } from './damage-case.js';

export const damagedStudies: readonly DamageCase[] = [
  {
    what: 'a measurement of a trial that there is not',
    damage: async (damage, { uid }) => {
      const [some] = await damage.keys(keys.measurementsOfStudy(uid));
      await damage.put(keys.measurement(uid, far, 1, 1), await damage.value(some!));
    },
    check: 'measurements',
    says: /is of trial 16777215, which does not exist/,
  },
  {
    what: 'a measurement of an attempt that there was not',
    damage: async (damage, study) => {
      const { id: trial } = await damage.trial(study, (each) => each.lastStep > 0 && !each.deleted);
      const [some] = await damage.keys(keys.measurementsOf(study.uid, trial));
      await damage.put(keys.measurement(study.uid, trial, 99, 1), await damage.value(some!));
    },
    check: 'measurements',
    says: /is of attempt 99 of \d+ of trial/,
  },
  {
    what: 'a measurement under the key of another',
    damage: async (damage, study) => {
      const { id: trial } = await damage.trial(study, (each) => each.lastStep > 0 && !each.deleted);
      const [some] = await damage.keys(keys.measurementsOf(study.uid, trial));
      await damage.change(some!, MeasurementRecord, (record) => ({
        ...record,
        measurement: { ...record.measurement!, step: 1234 },
      }));
    },
    check: 'measurements',
    says: /calls itself step 1234 of attempt/,
  },
  {
    what: 'a measurement of a metric that the study has not',
    damage: async (damage, { uid }) => {
      const [some] = await damage.keys(keys.measurementsOfStudy(uid));
      await damage.change(some!, MeasurementRecord, (record) => ({
        ...record,
        measurement: { ...record.measurement!, metrics: [{ name: 'beauty', value: 1 }] },
      }));
    },
    check: 'measurements',
    says: /has the metrics \["beauty"\]/,
  },
  {
    what: 'a measurement of a deleted trial',
    damage: async (damage, study) => {
      const { id: trial } = await damage.trial(study, (each) => each.deleted);
      const [some] = await damage.keys(keys.measurementsOfStudy(study.uid));
      await damage.put(keys.measurement(study.uid, trial, 1, 1), await damage.value(some!));
    },
    check: 'measurements',
    says: /which is deleted/,
  },
  {
    what: 'a measurement that is lost',
    damage: async (damage, study) => {
      const { id: trial } = await damage.trial(
        study,
        (each) => hasEnded(each.state) && each.attempts === 1 && each.lastStep > 0 && !each.deleted,
      );
      for (const key of await damage.keys(keys.measurementsOf(study.uid, trial))) await damage.delete(key);
    },
    check: 'measurements',
    says: /its measurements reach 0/,
    also: ['counters'],
  },
  {
    what: 'a change that is not told',
    damage: async (damage, study) => {
      const { sequence } = await damage.trial(study, () => true);
      await damage.delete(keys.change(study.uid, sequence));
    },
    check: 'changes',
    says: /is not among the changes/,
  },
  {
    what: 'a change that is told twice',
    damage: (damage, { uid }) =>
      damage.put(keys.change(uid, far), ChangeRecord.encode({ trial: 1 }).finish()),
    check: 'changes',
    says: /is a second entry of trial 1|is of trial 1, which last changed at/,
  },
  {
    what: 'the study’s own change under another number',
    damage: (damage, { uid }) =>
      damage.change(keys.study(uid), StudyRecord, (record) => ({
        ...record,
        study: { ...record.study!, sequence: far },
      })),
    check: 'changes',
    says: /is of the study, which last changed at 16777215/,
  },
  {
    what: 'an answer that is lost',
    damage: async (damage, { uid }) => damage.delete((await damage.keys(keys.requestsOf(uid)))[0]!),
    check: 'requests',
    says: /whose answer does not exist/,
  },
  {
    what: 'an answer that would never be forgotten',
    damage: async (damage, { uid }) => damage.delete((await damage.keys(keys.requestOrdersOf(uid)))[0]!),
    check: 'requests',
    says: /would never be forgotten/,
  },
  {
    what: 'an answer that would be forgotten twice',
    damage: async (damage, { uid }) => {
      const [order] = await damage.keys(keys.requestOrdersOf(uid));
      const record = RequestOrderRecord.decode(await damage.value(order!));
      await damage.put(keys.requestOrder(uid, far), RequestOrderRecord.encode(record).finish());
    },
    check: 'requests',
    says: /is a second entry of request/,
  },
  {
    what: 'a study that can not be loaded',
    damage: (damage, { uid }) =>
      damage.change(keys.study(uid), StudyRecord, (record) => ({
        ...record,
        study: { ...record.study!, spec: { ...record.study!.spec!, leaseDuration: undefined } },
      })),
    check: 'counters',
    says: /can not be loaded/,
  },
  {
    what: 'an ended study with a trial that goes on',
    damage: (damage, { uid }) =>
      damage.change(keys.study(uid), StudyRecord, (record) => ({
        ...record,
        study: { ...record.study!, state: StudyState.COMPLETED },
      })),
    check: 'counters',
    says: /is COMPLETED, trial \d+ is /,
  },
];
