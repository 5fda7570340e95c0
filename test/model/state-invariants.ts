/** What holds of a study at any moment when nothing is under way. Numbers are those of the list of invariants. */
import assert from 'node:assert/strict';
import { MetricGoal } from '../../server/gen/wazir/v1/study.js';
import { StudyState, TrialSource, TrialState, type Trial } from '../../server/gen/wazir/v1/trial.js';
import type { Measurement } from '../../server/gen/wazir/v1/measurement.js';
import { hasEnded } from './snapshot.js';
import { assertInSpace } from './space-membership.js';
import type { StudyModel } from './study-model.js';

const fields = {
  requested: TrialState.REQUESTED,
  active: TrialState.ACTIVE,
  paused: TrialState.PAUSED,
  stopping: TrialState.STOPPING,
  succeeded: TrialState.SUCCEEDED,
  stopped: TrialState.STOPPED,
  infeasible: TrialState.INFEASIBLE,
  failed: TrialState.FAILED,
} as const;

export function checkState(model: StudyModel): void {
  const { study, trials } = model.snapshot;
  checkNumbers(model);
  checkProgress(model);
  for (const trial of trials.values()) checkTrial(model, trial);
  if (study.state === StudyState.COMPLETED)
    // 10: nobody waits for a study that has ended.
    for (const { state } of trials.values())
      assert.ok(state === TrialState.STOPPING || state >= TrialState.SUCCEEDED, 'a live trial after the end');
  // 26
  assert.deepEqual(metadataOf(study.metadata), model.metadata.get(0) ?? new Map(), 'metadata of the study');
  assert.deepEqual(new Map(Object.entries(study.labels)), model.labels, 'labels');
}

/** 4: numbers are dense, but for what was deleted. */
function checkNumbers(model: StudyModel): void {
  const ids = [...model.snapshot.trials.keys()];
  assert.deepEqual(
    [...ids, ...model.buried.keys()].sort((a, b) => a - b),
    Array.from({ length: model.lastId }, (_, i) => i + 1),
    'numbers of trials',
  );
  assert.deepEqual(
    ids,
    ids.toSorted((a, b) => a - b),
    'lists are by number',
  );
}

function checkProgress(model: StudyModel): void {
  const { study, trials } = model.snapshot;
  const { progress } = study;
  for (const [field, state] of Object.entries(fields))
    assert.equal(
      progress![field as keyof typeof fields],
      [...trials.values()].filter((trial) => trial.state === state).length,
      `progress.${field}`,
    );
  const everybody = model.everyTrial;
  const spent = everybody.reduce((sum, { id }) => sum + model.spent(id), 0);
  assert.equal(progress!.resourceSpent, spent, 'spent');
  const lent = [...trials.values()].reduce((sum, { id, assignment }) => {
    const to = assignment?.toResource ?? 0;
    return sum + Math.max(0, to - (assignment ? model.lastOf(id, assignment.attempt) : to));
  }, 0);
  assert.equal(progress!.resourceLent, lent, 'lent');
  assert.equal(
    progress!.reassigned,
    everybody.reduce((sum, { expiries }) => sum + expiries, 0),
    'reassigned',
  );
}

function checkTrial(model: StudyModel, trial: Trial): void {
  const { id, state, assignment, attempts, scheduling, parameters } = trial;
  const what = `trial ${id}`;
  assert.equal(trial.name, `${model.name}/trials/${id}`);
  assert.equal(trial.studyUid, model.uid);
  // 12
  assertInSpace(model.snapshot.study.spec!.parameters, parameters);
  // 5: one lease, the newest attempt's.
  const hold = model.holds.get(id);
  assert.equal(attempts, model.starts.get(id)?.length ?? 0, `${what}: attempts`);
  assert.equal(assignment?.attempt, hold?.kind === 'lease' ? hold.attempt : undefined, `${what}: lease`);
  if (assignment) {
    assert.ok(state === TrialState.ACTIVE || state === TrialState.STOPPING, `${what}: lent in ${state}`);
    assert.equal(assignment.attempt, attempts, what);
    assert.equal(trial.clientId, hold!.client, what);
  }
  // 8: each rung once, in order.
  scheduling?.results.forEach(({ rung }, i) => assert.equal(rung, i, `${what}: rung results`));
  assert.equal(trial.resourceSpent, model.spent(id), `${what}: spent`);
  if (trial.source !== TrialSource.WARM_START) {
    assert.equal(
      trial.lastStep,
      Math.max(0, ...model.measurements(id).map(({ step }) => step)),
      `${what}: last step`,
    );
    checkBest(model, trial);
  }
  assert.deepEqual(metadataOf(trial.metadata), model.metadata.get(id) ?? new Map(), `${what}: metadata`);
  if (hasEnded(trial)) assert.ok(trial.endTime, `${what}: end time`);
  if (trial.finalMeasurement && trial.source !== TrialSource.WARM_START) checkFinal(model, trial);
}

/** 15, 28: the best is the best of what was acknowledged; NaN never. */
function checkBest(model: StudyModel, { id, bestMeasurement }: Trial): void {
  const losses = model
    .measurements(id)
    .map(({ metrics }) => model.lossOf(metrics))
    .filter((loss) => loss !== undefined && !Number.isNaN(loss));
  const best = losses.length === 0 ? undefined : Math.min(...(losses as number[]));
  assert.equal(model.lossIn(bestMeasurement), best, `trial ${id}: best measurement`);
}

/** What became final was acknowledged, or given by whoever completed the trial. */
function checkFinal(model: StudyModel, { id, finalMeasurement, state }: Trial): void {
  if (state !== TrialState.STOPPED) return;
  const { attempt, step, metrics } = finalMeasurement!;
  const known = model.known(id, attempt, step);
  assert.deepEqual(metricsOf(metrics), known?.metrics, `trial ${id}: final measurement`);
}

export function metricsOf(metrics: Measurement['metrics']): Map<string, number> {
  return new Map(metrics.map(({ name, value }) => [name, value + 0]));
}

function metadataOf(entries: Trial['metadata']): Map<string, string> {
  return new Map(
    entries.map(({ namespace, key, value }) => [
      `${namespace}/${key}`,
      value?.$case === 'text' ? value.value : '',
    ]),
  );
}

/** 16: what is listed of a trial is what was acknowledged, in order; superseded steps are hidden unless asked for. */
export function checkMeasurements(model: StudyModel, trial: number, listed: readonly Measurement[]): void {
  const shown = (it: { attempt: number; step: number }) => `${it.attempt}:${it.step}`;
  assert.deepEqual(listed.map(shown), model.measurements(trial).map(shown), `measurements of trial ${trial}`);
  for (const measurement of listed) {
    const known = model.known(trial, measurement.attempt, measurement.step)!;
    assert.deepEqual(metricsOf(measurement.metrics), known.metrics, shown(measurement));
    assert.equal(
      measurement.superseded,
      model.isSuperseded(trial, measurement),
      `superseded ${shown(measurement)}`,
    );
  }
}

/** 27, 28: the optimal trials, by brute force over all. */
export function expectedOptimal(model: StudyModel): number[] {
  const { metrics } = model.snapshot.study.spec!;
  const lossesOf = (measurement: Measurement | undefined): number[] | undefined => {
    if (!measurement) return undefined;
    const known = metricsOf(measurement.metrics);
    const losses = metrics.map(({ name, goal }) => {
      const value = known.get(name) ?? Number.NaN;
      return goal === MetricGoal.MAXIMIZE ? -value : value;
    });
    return losses.some(Number.isNaN) ? undefined : losses;
  };
  const feasible = model.trials.filter(
    ({ state }) => state !== TrialState.INFEASIBLE && state !== TrialState.FAILED,
  );
  const rows = (pick: (trial: Trial) => Measurement | undefined) =>
    feasible.flatMap((trial) => {
      const losses = lossesOf(pick(trial));
      return losses ? [{ id: trial.id, losses }] : [];
    });
  const ended = rows(({ finalMeasurement }) => finalMeasurement);
  if (metrics.length > 1 && ended.length > 0)
    return ended
      .filter((a) => !ended.some((b) => dominates(b.losses, a.losses)))
      .map(({ id }) => id)
      .sort((a, b) => a - b);
  const from = ended.length > 0 ? ended : rows(({ bestMeasurement }) => bestMeasurement);
  const best = Math.min(...from.map(({ losses }) => losses[0]!));
  const first = from.sort((a, b) => a.id - b.id).find(({ losses }) => losses[0] === best);
  return first ? [first.id] : [];
}

function dominates(a: readonly number[], b: readonly number[]): boolean {
  return a.every((loss, i) => loss <= b[i]!) && a.some((loss, i) => loss < b[i]!);
}
