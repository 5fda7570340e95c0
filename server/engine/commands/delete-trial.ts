/** Deletes a trial that nobody holds; what ranks need of it stays. */
import { WazirError } from '../../domain/errors.js';
import { TrialState } from '../../domain/spec.js';
import { hasEnded } from '../../domain/trial.js';
import { Empty } from '../../gen/google/protobuf/empty.js';
import { TrialRecord } from '../../gen/wazir/internal/v1/records.js';
import { Trial, TrialEndReason, type DeleteTrialRequest } from '../../gen/wazir/v1/trial.js';
import { keys } from '../../store/keys.js';
import type { Op } from '../../store/store.js';
import { endTrial } from '../end-trial.js';
import { readTrial } from '../fence.js';
import { LiveTrial } from '../live-trial.js';
import { methods } from '../methods.js';
import { settle } from '../settle.js';
import type { Study } from '../study.js';
import { Transaction } from '../transaction.js';

export function deleteTrial(study: Study, trial: number, request: DeleteTrialRequest): Promise<Empty> {
  study.check();
  return study.requests.once(study, methods.deleteTrial, request, (record) =>
    study.inLane(async () => {
      const measurements = await deletedMeasurements(study, trial);
      const live = study.trials.get(trial) ?? new LiveTrial(await readTrial(study, trial));
      if (study.leases.isRunning(trial) || study.saving.isRunning(trial)) throw busy(study, trial);
      const transaction = new Transaction(study);
      transaction.makesSpace = true;
      if (!hasEnded(live.trial.state))
        endTrial(transaction, live, {
          state: TrialState.STOPPED,
          endReason: TrialEndReason.STOPPED_BY_USER,
          retire: 'ended',
        });
      bury(transaction, live);
      transaction.add(...measurements);
      settle(transaction);
      const answer = transaction.commit(() => Empty.fromPartial({}), record);
      study.waiters.serve();
      return answer;
    }),
  );
}

/** Deletes a trial's measurements, those included that come while they are listed. */
async function deletedMeasurements(study: Study, trial: number): Promise<Op[]> {
  for (;;) {
    await study.settled();
    study.check();
    // Undefined once it has ended: then no further measurement is taken.
    const newest = study.trials.get(trial)?.reportSequence;
    const deletions: Op[] = [];
    for await (const [key] of study.store.iterate(keys.measurementsOf(study.uid, trial)))
      deletions.push({ type: 'del', key });
    if (study.trials.get(trial)?.reportSequence === newest) return deletions;
  }
}

function busy(study: Study, trial: number): WazirError {
  return new WazirError(
    'TRIAL_LENT',
    `${study.trialName(trial)} is lent; stop it and wait until its worker has been told`,
    { resource: study.trialName(trial) },
  );
}

/** Leaves of the record what ranks, counters and watchers need. */
function bury(transaction: Transaction, live: LiveTrial): void {
  const { name, id, state, scheduling, source, studyUid, sequence, endReason, expiries, attempts } =
    live.trial;
  const spent = live.spent;
  live.record = TrialRecord.fromPartial({ trial: { state }, spentBefore: spent });
  live.forgetReports();
  transaction.change(
    live,
    Trial.fromPartial({
      name,
      id,
      state,
      scheduling,
      source,
      studyUid,
      sequence,
      endReason,
      expiries,
      attempts,
      deleted: true,
    }),
  );
  transaction.study.count(state, -1);
}
