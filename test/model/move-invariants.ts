/** What holds between the state before a command and the state after it. */
import assert from 'node:assert/strict';
import {
  RungResult_Kind,
  StudyEndReason,
  StudyState,
  TrialState,
  type Trial,
} from '../../server/gen/wazir/v1/trial.js';
import { hasEnded, type Snapshot } from './snapshot.js';
import { eta } from './study-kinds.js';
import type { StudyModel } from './study-model.js';

const { REQUESTED, ACTIVE, PAUSED, STOPPING, SUCCEEDED, STOPPED, INFEASIBLE, FAILED } = TrialState;

/** 7: the contract's table of moves, beside the server's own. */
const moves: Readonly<Record<number, readonly TrialState[]>> = {
  [REQUESTED]: [ACTIVE, STOPPED],
  [ACTIVE]: [PAUSED, STOPPING, SUCCEEDED, STOPPED, INFEASIBLE, FAILED],
  [PAUSED]: [ACTIVE, SUCCEEDED, STOPPED, INFEASIBLE, FAILED],
  [STOPPING]: [SUCCEEDED, STOPPED, INFEASIBLE, FAILED],
};

/** What a command may touch beside what follows from it by the scheduler. */
export interface Cause {
  /** Trials that the command was about. */
  readonly targets: ReadonlySet<number>;
  /** Trials whose leases ran when the command began. */
  readonly running: ReadonlySet<number>;
  /** Whether it may end the study although leases run. */
  readonly endsStudy?: boolean;
  /** Whether it may make a completed study active. */
  readonly mayRevive?: boolean;
  readonly changesState?: boolean;
}

export function checkMoves(model: StudyModel, before: Snapshot, after: Snapshot, cause: Cause): void {
  checkStudy(before, after, cause);
  for (const [id, was] of before.trials) {
    const is = after.trials.get(id);
    if (!is) {
      assert.ok(cause.targets.has(id) && model.buried.has(id), `trial ${id} is gone`);
      continue;
    }
    checkTrial(was, is, before, cause);
    if (was.scheduling && is.scheduling) checkPromotion(model, was, is);
  }
  const sequences = [...after.trials.values()].map(({ sequence }) => sequence);
  assert.equal(new Set(sequences).size, sequences.length, 'two trials have one sequence number');
}

function checkStudy(before: Snapshot, after: Snapshot, cause: Cause): void {
  const { study: was } = before;
  const { study: is } = after;
  assert.ok(is.sequence >= was.sequence, 'the sequence number falls');
  assert.equal(is.uid, was.uid);
  assert.deepEqual(
    { ...is.spec, limits: undefined },
    { ...was.spec, limits: undefined },
    'the spec is immutable',
  );
  assert.equal(
    is.state === StudyState.COMPLETED,
    is.endReason !== StudyEndReason.UNSPECIFIED,
    'the reason of an end',
  );
  if (cause.changesState || was.state === is.state) return;
  const revives = was.state === StudyState.COMPLETED && cause.mayRevive;
  const ends = was.state === StudyState.ACTIVE && is.state === StudyState.COMPLETED;
  assert.ok(revives || ends, `the study went from ${was.state} to ${is.state}`);
}

function checkTrial(was: Trial, is: Trial, before: Snapshot, cause: Cause): void {
  const what = `trial ${was.id}`;
  const isTarget = cause.targets.has(was.id);
  const fixed = ({ id, name, parameters, createTime, source, studyUid, labels }: Trial) => ({
    ...{ id, name, parameters, createTime, source, studyUid, labels },
  });
  assert.deepEqual(fixed(is), fixed(was), `${what}: what never changes`);
  const isSame = was.sequence === is.sequence;
  if (isSame) assert.deepEqual(is, was, `${what}: changes without a sequence number`);
  else assert.ok(is.sequence > before.study.sequence, `${what}: an old sequence number`);
  if (hasEnded(was)) {
    // 6: only metadata.
    const frozen = (trial: Trial) => ({ ...trial, metadata: [], ...(isTarget ? { sequence: 0 } : {}) });
    assert.deepEqual(frozen(is), frozen(was), `${what}: has ended and changes`);
    return;
  }
  // 5
  assert.ok(is.attempts >= was.attempts, `${what}: attempts fall`);
  assert.ok(is.expiries >= was.expiries && is.lastStep >= was.lastStep, `${what}: counters fall`);
  // 7
  const steps = isTarget
    ? moves[was.state]!.flatMap((via) => [via, ...(moves[via] ?? [])])
    : moves[was.state]!;
  assert.ok(
    was.state === is.state || steps.includes(is.state),
    `${what}: from state ${was.state} to ${is.state}`,
  );
  // 8: what is recorded stays, but for an infeasible trial's.
  if (is.state !== INFEASIBLE) {
    const results = was.scheduling?.results ?? [];
    assert.deepEqual(
      is.scheduling?.results.slice(0, results.length) ?? [],
      results,
      `${what}: rung results change`,
    );
  }
  if (isTarget) return;
  if (cause.running.has(was.id)) {
    const stops = cause.endsStudy && is.state === STOPPING;
    assert.ok(isSame || stops, `${what}: is lent, and changes by another's command`);
    return;
  }
  assert.ok(
    is.state === was.state || is.state === STOPPED,
    `${what}: from ${was.state} to ${is.state} by another's command`,
  );
  assert.equal(is.attempts, was.attempts, `${what}: attempts grow by another's command`);
}

/** 8: a promotion is given once, and, under ASHA, to one among the top floor(n / eta) of its rung. */
function checkPromotion(model: StudyModel, was: Trial, is: Trial): void {
  const from = was.scheduling!;
  const to = is.scheduling!;
  if (to.rung <= from.rung || was.state !== PAUSED) return;
  // It got there by itself: its worker trained past the pause, and reported.
  if (to.results.some(({ rung }) => rung === to.rung)) return;
  const key = `${is.id}:${to.rung}`;
  assert.ok(!model.promotions.has(key), `trial ${is.id} is promoted to rung ${to.rung} a second time`);
  model.promotions.add(key);
  if (model.snapshot.study.spec!.scheduler!.kind!.$case !== 'asha') return;
  const rung = model.everyTrial
    .map((trial) => (trial.id === is.id ? is : trial))
    .filter(({ state }) => state !== INFEASIBLE)
    .flatMap(({ id, scheduling }) =>
      (scheduling?.results ?? []).filter((result) => result.rung === from.rung).map((r) => ({ id, ...r })),
    )
    .sort(
      (a, b) =>
        a.kind - b.kind ||
        (a.kind === RungResult_Kind.VALUE ? compare(a.loss, b.loss) : 0) ||
        a.sequence - b.sequence,
    );
  const place = rung.findIndex(({ id }) => id === is.id);
  const top = Math.floor(rung.length / eta);
  assert.ok(
    place >= 0 && place < top,
    `trial ${is.id} is promoted from place ${place} of ${rung.length} at rung ${from.rung}`,
  );
}

/** Not by subtraction: infinities are equal to themselves. */
function compare(a: number, b: number): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

export const endings: ReadonlySet<TrialState> = new Set([SUCCEEDED, STOPPED, INFEASIBLE, FAILED]);
