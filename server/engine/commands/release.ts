/** Takes a trial back from its worker: paused with its checkpoint, or unfinished. */
import { TrialState } from '../../domain/spec.js';
import type { ReleaseTrialRequest, Trial } from '../../gen/wazir/v1/trial.js';
import { endTrial } from '../end-trial.js';
import { checkAttempt, fence, readTrial, staleAttempt } from '../fence.js';
import type { LiveTrial } from '../live-trial.js';
import { methods } from '../methods.js';
import type { Recorder } from '../request-log.js';
import { settle } from '../settle.js';
import type { Study } from '../study.js';
import { confirm, Transaction } from '../transaction.js';
import { acceptCheckpoint } from './checkpoint.js';

export async function release(study: Study, trial: number, request: ReleaseTrialRequest): Promise<Trial> {
  study.check();
  return study.requests.once(study, methods.releaseTrial, request, async (record) => {
    const live = study.trials.get(trial);
    if (!live) return confirm(study, await releaseEnded(study, trial, request.attempt), record);
    fence(study, live, request.attempt);
    const checkpoint = request.checkpoint && acceptCheckpoint(live, request.checkpoint);
    return giveBack(study, live, checkpoint ? { checkpoint } : {}, record);
  });
}

/** A trial that ended while its worker was still saving: there is nothing to keep, and no fault. */
async function releaseEnded(study: Study, trial: number, attempt: number): Promise<Trial> {
  const ended = (await readTrial(study, trial)).trial!;
  checkAttempt(attempt, ended.attempts);
  if (attempt < ended.attempts)
    throw staleAttempt(study, trial, ended.attempts, 'has been replaced by a newer one');
  return ended;
}

function giveBack(
  study: Study,
  live: LiveTrial,
  checkpoint: Partial<Trial>,
  record: Recorder<Trial> | undefined,
): Promise<Trial> {
  const transaction = new Transaction(study);
  const { id } = live;
  switch (live.trial.state) {
    case TrialState.PAUSED:
      study.saving.end(id);
      transaction.change(
        live,
        { ...checkpoint, checkpointNeeded: (checkpoint.checkpoint ?? live.trial.checkpoint) !== undefined },
        { savingAttempt: 0 },
      );
      break;
    case TrialState.STOPPING:
      endTrial(transaction, live, {
        state: TrialState.STOPPED,
        endReason: live.trial.endReason,
        retire: 'ended',
      });
      break;
    default:
      study.leases.end(id);
      study.released.add(id);
      transaction.change(live, { ...checkpoint, assignment: undefined }, { released: true });
  }
  settle(transaction);
  const answer = transaction.commit(() => transaction.answerOf(live), record);
  study.waiters.serve();
  return answer;
}
