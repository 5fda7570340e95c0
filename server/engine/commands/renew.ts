/** Renews the lease of an attempt, and keeps a checkpoint if one is given. */
import { TrialState } from '../../domain/spec.js';
import { Directive_Kind as Kind, type Checkpoint, type Directive } from '../../gen/wazir/v1/measurement.js';
import type { RenewLeaseResponse } from '../../gen/wazir/v1/trial.js';
import { toTimestamp } from '../clock.js';
import { endTrial } from '../end-trial.js';
import { renewHold } from '../expiry.js';
import { fence, requireLive } from '../fence.js';
import { settle } from '../settle.js';
import type { Study } from '../study.js';
import { Transaction } from '../transaction.js';
import { acceptCheckpoint } from './checkpoint.js';
import { currentDirective } from './report.js';

export async function renew(
  study: Study,
  trial: number,
  attempt: number,
  checkpoint: Checkpoint | undefined,
): Promise<RenewLeaseResponse> {
  study.check();
  const live = study.trials.get(trial) ?? (await requireLive(study, trial));
  fence(study, live, attempt);
  const kept = checkpoint && acceptCheckpoint(live, checkpoint);
  renewHold(study, live, false);
  const transaction = new Transaction(study);
  if (kept) transaction.change(live, { checkpoint: kept, checkpointNeeded: true });
  const directive = tell(transaction, live.id);
  const expires = expiryOf(study, trial);
  const answer = transaction.commit(() => ({ directive, leaseExpireTime: expires }));
  if (directive.kind === Kind.STOP) study.waiters.serve();
  return answer;
}

/** A worker that is told to stop here will not report any more: that is the end of the trial. */
function tell(transaction: Transaction, trial: number): Directive {
  const { study } = transaction;
  const live = study.trials.get(trial)!;
  const directive = currentDirective(live);
  if (live.trial.state === TrialState.STOPPING) {
    endTrial(transaction, live, {
      state: TrialState.STOPPED,
      endReason: live.trial.endReason,
      retire: 'ended',
    });
    settle(transaction);
  }
  return directive;
}

function expiryOf(study: Study, trial: number): RenewLeaseResponse['leaseExpireTime'] {
  const lease = study.leases.get(trial) ?? study.saving.get(trial);
  if (!lease) return undefined;
  const left = lease.activity + study.leases.durationMs - study.clock.monotonic();
  return toTimestamp(study.clock.wall() + left);
}
