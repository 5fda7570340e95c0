/** Hands out trials, waiting until there is one. */
import { encode } from '../../codec/encode.js';
import { firstField, withEncoded } from '../../codec/encoded-form.js';
import { WazirError } from '../../domain/errors.js';
import { StudyState, type SuggestTrialsRequest, SuggestTrialsResponse } from '../../gen/wazir/v1/trial.js';
import { toDuration } from '../clock.js';
import { armExpiry } from '../expiry.js';
import { handOut, refusalWhereFull, type Asker } from '../hand-out.js';
import type { LiveTrial } from '../live-trial.js';
import { methods } from '../methods.js';
import type { Recorder } from '../request-log.js';
import type { Study } from '../study.js';
import { Transaction } from '../transaction.js';
import type { Waiter } from '../waiters.js';

/** How a call may wait. */
export interface Patience {
  /** Milliseconds to wait at the most; 0 or less: not at all. */
  readonly waitMs: number;
  /** Aborts when the caller has gone. Looked at where the call waits. */
  readonly signal: AbortSignal;
  /** Whether the caller has gone already; where it is not told, the signal tells. */
  readonly isCancelled?: boolean;
}

const askAgainMs = 100;
const askPausedAgainMs = 1000;

/** The request must have been checked: a client id, a count from 1. */
export function suggest(
  study: Study,
  request: SuggestTrialsRequest,
  patience: Patience,
): Promise<SuggestTrialsResponse> {
  study.check();
  const asker: Asker = {
    client: request.clientId,
    count: request.count,
    holding: attemptsOf(request.holding),
    recover: request.recover ?? true,
  };
  return study.requests.once(study, methods.suggestTrials, request, (record) =>
    ask(study, asker, patience, record),
  );
}

const nothingHeld: Asker['holding'] = new Map();

function attemptsOf(holding: SuggestTrialsRequest['holding']): Asker['holding'] {
  if (holding.length === 0) return nothingHeld;
  return new Map(holding.map(({ trial, attempt }) => [trial, attempt]));
}

function cancelled(): WazirError {
  return new WazirError('CANCELLED', 'the call was cancelled while it waited');
}

function answer(study: Study, trials: SuggestTrialsResponse['trials']): SuggestTrialsResponse {
  const { state, endReason } = study.message;
  const asksAgain = trials.length === 0 && state !== StudyState.COMPLETED;
  const retryMs = state === StudyState.PAUSED ? askPausedAgainMs : askAgainMs;
  return {
    trials,
    studyState: state,
    studyEndReason: endReason,
    retryAfter: asksAgain ? toDuration(retryMs) : undefined,
  };
}

/** The answer with trials that were just lent. They leave as the bytes that they have in their records. */
function answerWith(transaction: Transaction, lent: readonly LiveTrial[]): SuggestTrialsResponse {
  const response = answer(
    transaction.study,
    lent.map((live) => live.trial),
  );
  // The same field number and type as in a TrialRecord.
  const trials = lent.map((live) => firstField(transaction.written(live)).field);
  return withEncoded(response, encode(SuggestTrialsResponse, { ...response, trials: [] }, trials));
}

function ask(
  study: Study,
  asker: Asker,
  patience: Patience,
  record: Recorder<SuggestTrialsResponse> | undefined,
): Promise<SuggestTrialsResponse> {
  if (patience.isCancelled ?? patience.signal.aborted) return Promise.reject(cancelled());
  // A lease may have ended and its timer be late: what it sets free is theirs who wait.
  study.waiters.serve();
  // Where not all of them could be served yet, this one waits its turn.
  const mayTry = !study.waiters.isServing;
  const first = mayTry ? attempt(study, asker, record) : undefined;
  if (first) {
    // It may have found the end, which concerns all that wait.
    if (study.state === StudyState.COMPLETED) study.waiters.serve();
    return first;
  }
  const nothing = () => study.lastCommit.then(() => answer(study, []));
  const { waitMs } = patience;
  if (waitMs <= 0) return nothing();
  const { signal } = patience;
  // Parked, it takes no trial back: by then the client may have got one by another call.
  const parked = { ...asker, recover: false };
  let asks = mayTry ? parked : asker;
  return new Promise((resolve, reject) => {
    const leave = () => {
      if (study.waiters.leave(waiter)) reject(cancelled());
    };
    const settle = (response: Promise<SuggestTrialsResponse>) => {
      signal.removeEventListener('abort', leave);
      response.then(resolve, reject);
    };
    const waiter: Waiter = {
      serve() {
        const response = attempt(study, asks, record);
        asks = parked;
        if (response) settle(response);
        return response !== undefined;
      },
      giveUp: () => settle(nothing()),
      refuse: (error) => settle(Promise.reject(error)),
    };
    signal.addEventListener('abort', leave, { once: true });
    study.waiters.park(waiter, waitMs);
  });
}

/** Tries to hand out something now; undefined where the asker must wait. */
function attempt(
  study: Study,
  asker: Asker,
  record: Recorder<SuggestTrialsResponse> | undefined,
): Promise<SuggestTrialsResponse> | undefined {
  const transaction = new Transaction(study);
  const lent = handOut(transaction, asker);
  armExpiry(study);
  if (lent.length === 0 && study.state !== StudyState.COMPLETED) {
    // Promotions may have been decided for trials whose checkpoint is still being saved.
    const committed = transaction.commit(() => undefined);
    committed.catch(() => undefined);
    const refusal = refusalWhereFull(study);
    return refusal && committed.then(() => Promise.reject(refusal));
  }
  return transaction.commit(
    () => answerWith(transaction, lent),
    // Only hand-outs are worth keeping: whoever finds the end asks again and finds it again.
    lent.length > 0 ? record : undefined,
  );
}
