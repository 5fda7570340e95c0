/** What all studies of a server share. */
import { limitsFrom, type Limits } from '../domain/limits.js';
import type { Store } from '../store/store.js';
import type { Clock } from './clock.js';
import { Quota } from './quota.js';
import { SharedSpaces } from './shared-spaces.js';
import { SteadyTime } from './steady-time.js';

export interface StudyHome {
  readonly store: Store;
  readonly clock: Clock;
  readonly time: SteadyTime;
  readonly limits: Limits;
  readonly spaces: SharedSpaces;
  /** Calls that wait for a trial, of any study. */
  readonly waiting: Quota;
}

const askAgainSeconds = 1;

export function studyHome(store: Store, clock: Clock, limits: Limits = limitsFrom()): StudyHome {
  const names = { whole: 'maxWaiters', ofOwner: 'maxWaitersPerOwner' } as const;
  const waiting = new Quota(limits, { ...names, retryAfterSeconds: askAgainSeconds });
  return { store, clock, time: new SteadyTime(clock), limits, spaces: new SharedSpaces(), waiting };
}
