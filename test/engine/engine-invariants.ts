/** What must hold of a study after any command, told from what anybody can read of it. */
import assert from 'node:assert/strict';
import type { Space } from '../../server/domain/space.js';
import { hasEnded, mayMove } from '../../server/domain/trial.js';
import type { Study } from '../../server/gen/wazir/v1/study.js';
import { TrialState, type Trial } from '../../server/gen/wazir/v1/trial.js';

const states = [1, 2, 3, 4, 5, 6, 7, 8] as const satisfies readonly TrialState[];

/** Whether one command may lead from one state to another, in one move of the table or in two. */
function mayLead(from: TrialState, to: TrialState): boolean {
  return from === to || mayMove(from, to) || states.some((via) => mayMove(from, via) && mayMove(via, to));
}

export class Invariants {
  readonly #before = new Map<number, Trial>();
  #sequence = 0;

  constructor(private readonly space: Space) {}

  /** @param trials all of them, by number; none has been deleted */
  check(study: Study, trials: readonly Trial[]): void {
    const { maxParallelTrials, maxTrials } = study.spec!.limits!;
    assert.deepEqual(
      trials.map(({ id }) => id),
      trials.map((_, i) => i + 1),
      'numbers are dense',
    );
    const lent = trials.filter(({ assignment }) => assignment);
    if (maxParallelTrials > 0) assert.ok(lent.length <= maxParallelTrials, 'leases');
    const feasible = trials.filter(({ state }) => state !== TrialState.INFEASIBLE);
    if (maxTrials > 0) assert.ok(feasible.length <= maxTrials, 'feasible trials');
    const spent = trials.reduce((sum, trial) => sum + trial.resourceSpent, 0);
    assert.equal(study.progress!.resourceSpent, spent, 'spent');
    assert.ok(study.sequence >= this.#sequence, 'sequence');
    this.#sequence = study.sequence;
    for (const trial of trials) this.#checkTrial(trial);
  }

  #checkTrial(trial: Trial): void {
    const { id, state, attempts, assignment, scheduling, parameters } = trial;
    // Throws for parameters that do not lie in the space.
    this.space.toPoint(parameters, 'parameters');
    const results = scheduling!.results;
    results.forEach(({ rung }, i) => assert.equal(rung, i, 'a rung once, in order'));
    assert.equal(
      assignment !== undefined,
      state === TrialState.STOPPING || this.#isLent(trial),
      'assignment',
    );
    if (assignment) assert.equal(assignment.attempt, attempts);
    const before = this.#before.get(id);
    this.#before.set(id, trial);
    if (!before) return;
    assert.ok(mayLead(before.state, state), `from state ${before.state} to ${state}`);
    if (hasEnded(before.state)) assert.deepEqual(trial, before, 'an ended trial changes');
    assert.ok(attempts >= before.attempts && trial.lastStep >= before.lastStep, 'only grow');
    assert.deepEqual(parameters, before.parameters);
    assert.deepEqual(
      results.slice(0, before.scheduling!.results.length),
      before.scheduling!.results,
      'results stay',
    );
  }

  #isLent({ state, assignment }: Trial): boolean {
    return state === TrialState.ACTIVE && assignment !== undefined;
  }
}
