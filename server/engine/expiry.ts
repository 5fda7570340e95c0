/**
 * The end of leases. Soft: nothing is written when one lapses, and until its
 * trial is lent again its holder may come back. Written is only what follows: a
 * stop that its worker was never told of, and the end of a trial that has been
 * abandoned too often.
 */
import { TrialState } from '../domain/spec.js';
import { TrialEndReason } from '../gen/wazir/v1/trial.js';
import { endTrial } from './end-trial.js';
import type { LiveTrial } from './live-trial.js';
import { restLapsed } from './resting.js';
import { settle } from './settle.js';
import type { Study } from './study.js';
import { Transaction } from './transaction.js';

/**
 * Looks which leases have ended.
 * @returns whether a trial has ended with its lease
 */
export function lapse(transaction: Transaction): boolean {
  const { study } = transaction;
  const now = study.clock.monotonic();
  const before = study.trials.size;
  for (const { trial } of study.leases.lapse(now)) {
    const live = study.trials.get(trial)!;
    if (live.trial.state === TrialState.STOPPING)
      endTrial(transaction, live, {
        state: TrialState.STOPPED,
        endReason: live.trial.endReason,
        retire: 'ended',
      });
    else if (live.trial.expiries + 1 >= study.spec.limits!.maxAttempts)
      endTrial(transaction, live, {
        state: TrialState.FAILED,
        endReason: TrialEndReason.ABANDONED,
        failureReason: `its lease expired ${live.trial.expiries + 1} times`,
        retire: 'failed',
      });
  }
  const unsaved = study.saving.lapse(now).map(({ trial }) => study.trials.get(trial)!);
  for (const live of unsaved) study.refreshReady(live);
  restLapsed(unsaved);
  return study.trials.size < before;
}

/**
 * Renews what a worker has of a trial: its lease, or its time for saving. Where that
 * had lapsed and nobody took over, the worker is back.
 */
export function renewHold(study: Study, live: LiveTrial, progressed: boolean): void {
  const now = study.clock.monotonic();
  study.leases.renew(live.id, now, progressed);
  study.saving.renew(live.id, now, progressed);
  study.refreshReady(live);
  armExpiry(study);
}

/** Sees to it that somebody looks when the next lease ends. */
export function armExpiry(study: Study): void {
  if (study.expiryTimer || study.gone) return;
  const next = Math.min(study.leases.nextExpiry() ?? Infinity, study.saving.nextExpiry() ?? Infinity);
  if (next === Infinity) return;
  study.expiryTimer = study.clock.after(next - study.clock.monotonic(), () => {
    study.expiryTimer = undefined;
    if (study.gone) return;
    const transaction = new Transaction(study);
    lapse(transaction);
    settle(transaction);
    // A failed commit has already dropped the study; nobody waits for this one.
    transaction.commit(() => undefined).catch(() => undefined);
    study.waiters.serve();
    armExpiry(study);
  });
}
