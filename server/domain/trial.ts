/** The states of a trial, and the one table of the moves between them. */
import { TrialState } from '../gen/wazir/v1/trial.js';

const { REQUESTED, ACTIVE, PAUSED, STOPPING, SUCCEEDED, STOPPED, INFEASIBLE, FAILED } = TrialState;

/**
 * From each state the states that may follow. ACTIVE follows ACTIVE when a trial
 * is lent anew; a queued trial that nobody took is STOPPED with its study.
 */
const moves: ReadonlyMap<TrialState, ReadonlySet<TrialState>> = new Map([
  [REQUESTED, new Set([ACTIVE, STOPPED])],
  [ACTIVE, new Set([ACTIVE, PAUSED, STOPPING, SUCCEEDED, STOPPED, INFEASIBLE, FAILED])],
  [PAUSED, new Set([ACTIVE, SUCCEEDED, STOPPED, INFEASIBLE, FAILED])],
  [STOPPING, new Set([SUCCEEDED, STOPPED, INFEASIBLE, FAILED])],
  [SUCCEEDED, new Set()],
  [STOPPED, new Set()],
  [INFEASIBLE, new Set()],
  [FAILED, new Set()],
]);

/** Whether the state table has the move. */
export function mayMove(from: TrialState, to: TrialState): boolean {
  return moves.get(from)?.has(to) ?? false;
}

/** Whether a trial in this state has ended for good. */
export function hasEnded(state: TrialState): boolean {
  return moves.get(state)?.size === 0;
}
