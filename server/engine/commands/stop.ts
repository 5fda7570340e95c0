/** Asks for the end of a trial at a user's word. */
import { TrialState } from '../../domain/spec.js';
import { TrialEndReason, type StopTrialRequest, type Trial } from '../../gen/wazir/v1/trial.js';
import { stopTrial } from '../end-trial.js';
import { readTrial, trialEnded } from '../fence.js';
import { methods } from '../methods.js';
import { settle } from '../settle.js';
import type { Study } from '../study.js';
import { confirm, Transaction } from '../transaction.js';

export async function stop(study: Study, trial: number, request: StopTrialRequest): Promise<Trial> {
  study.check();
  return study.requests.once(study, methods.stopTrial, request, async (record) => {
    const live = study.trials.get(trial);
    if (!live) {
      const ended = await readTrial(study, trial);
      if (ended.trial!.state !== TrialState.STOPPED) throw trialEnded(study, ended);
      return confirm(study, ended.trial!, record);
    }
    const transaction = new Transaction(study);
    stopTrial(transaction, live, TrialEndReason.STOPPED_BY_USER);
    settle(transaction);
    const answer = transaction.commit(() => study.view(live), record);
    study.waiters.serve();
    return answer;
  });
}
