import assert from 'node:assert/strict';
import { test } from 'node:test';
import { WatchState } from '../../server/cli/watch-state.js';
import { MetricGoal, Study, WatchStudyResponse } from '../../server/gen/wazir/v1/study.js';
import { RungResult_Kind, StudyState, Trial, TrialState } from '../../server/gen/wazir/v1/trial.js';

const { VALUE, NAN, FAILED } = RungResult_Kind;
type Partial<T extends { fromPartial: (partial: never) => unknown }> = Parameters<T['fromPartial']>[0];

function watcher(goal: MetricGoal, maxTrials = 0): WatchState {
  return new WatchState(
    Study.fromPartial({ spec: { metrics: [{ name: 'm', goal }], limits: { maxTrials } } }),
  );
}

function tell(state: WatchState, trial: Partial<typeof Trial>): void {
  const sequence = state.sequence + 1;
  state.apply(WatchStudyResponse.fromPartial({ sequence, record: { $case: 'trial', value: trial } }));
}

const measured = (value: number) => ({
  step: 1,
  metrics: [
    { name: 'other', value: 9 },
    { name: 'm', value },
  ],
});

test('rungs count who entered and who has a result, with the best value', () => {
  const state = watcher(MetricGoal.MAXIMIZE, 9);
  const result = (rung: number, loss: number, kind = VALUE) => ({ rung, kind, loss });
  tell(state, { id: 1, scheduling: { rung: 1, target: 3, results: [result(0, -0.5)] } });
  tell(state, { id: 2, scheduling: { rung: 0, target: 1, results: [result(0, NaN, NAN)] } });
  tell(state, { id: 3, scheduling: { rung: 0, target: 1, results: [result(0, 0, FAILED)] } });
  tell(state, { id: 4, scheduling: { rung: 0, target: 1 } });
  tell(state, { id: 5, state: TrialState.INFEASIBLE, scheduling: { rung: 0, target: 1 } });
  tell(state, { id: 6 });
  assert.deepEqual(state.rungs(), [
    { bracket: 0, rung: 0, target: 1, done: 3, entered: 9, best: 0.5 },
    { bracket: 0, rung: 1, target: 3, done: 0, entered: 1, best: undefined },
  ]);
  tell(state, { id: 1, scheduling: { rung: 1, target: 3, results: [result(0, -0.5), result(1, -0.75)] } });
  assert.deepEqual(state.rungs()[1], { bracket: 0, rung: 1, target: 3, done: 1, entered: 1, best: 0.75 });
});

test('brackets are apart and in order, and none promises more than has entered', () => {
  const state = watcher(MetricGoal.MINIMIZE, 100);
  tell(state, { id: 1, scheduling: { bracket: 1, rung: 0, target: 3 } });
  tell(state, {
    id: 2,
    scheduling: { bracket: 0, rung: 1, target: 3, results: [{ rung: 0, kind: VALUE, loss: 2 }] },
  });
  assert.deepEqual(
    state.rungs().map(({ bracket, rung, target, done, entered }) => [bracket, rung, target, done, entered]),
    [
      [0, 0, undefined, 1, 1],
      [0, 1, 3, 0, 1],
      [1, 0, 3, 0, 1],
    ],
  );
});

test('the best trial is so by the goal; NaN, infeasible and deleted ones are none', () => {
  for (const [goal, trial, value] of [
    [MetricGoal.MAXIMIZE, 2, 3],
    [MetricGoal.MINIMIZE, 1, 1],
  ] as const) {
    const state = watcher(goal);
    assert.equal(state.best(), undefined);
    tell(state, { id: 1, bestMeasurement: measured(1) });
    tell(state, { id: 2, bestMeasurement: measured(100), finalMeasurement: measured(3) });
    tell(state, { id: 3, bestMeasurement: measured(NaN) });
    tell(state, { id: 4, state: TrialState.INFEASIBLE, bestMeasurement: measured(-50) });
    for (const at of [5, 6]) tell(state, { id: at, bestMeasurement: measured(at === 5 ? 99 : -99) });
    for (const at of [5, 6]) tell(state, { id: at, deleted: true });
    assert.deepEqual(state.best(), { trial, value });
  }
});

test('the study is the latest that was told, the sequence the highest', () => {
  const state = watcher(MetricGoal.MINIMIZE);
  tell(state, { id: 1 });
  const value = { state: StudyState.COMPLETED };
  state.apply(WatchStudyResponse.fromPartial({ sequence: 7, record: { $case: 'study', value } }));
  assert.equal(state.completed, true);
  assert.equal(state.sequence, 7);
});
