/** The limits that end a study, and what brings it back. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { StudyEndReason, StudyState, TrialEndReason, TrialState } from '../../server/gen/wazir/v1/trial.js';
import { EngineWorld } from './engine-world.js';
import { measurementOf, type StudyDriver } from './study-driver.js';
import { asha, ashaStopping, halving, single } from './study-specs.js';

const minute = 60_000;

/** Trains one trial to its target, or finds that there is none. */
async function one(study: StudyDriver, loss: number, client = 'a') {
  const answer = await study.ask(client);
  const [trial] = answer.trials;
  if (!trial) return answer;
  const { attempt, toResource } = trial.assignment!;
  const held = { trial: trial.id, attempt };
  await study.report(held, toResource, loss);
  if ((await study.trial(trial.id)).state === TrialState.PAUSED) await study.release(held, toResource);
  return answer;
}

async function runOut(study: StudyDriver): Promise<void> {
  for (let i = 0; ; i++) if ((await one(study, i)).studyState === StudyState.COMPLETED) return;
}

test('max_trials: promotions go on until nothing is promotable; then PAUSED trials are STOPPED in one commit', async (t) => {
  const world = await EngineWorld.open(t);
  const study = await world.create({ ...asha(4, 2), limits: { maxTrials: 4 } });
  await runOut(study);
  const { endReason, endTime, sequence } = await study.get();
  assert.equal(endReason, StudyEndReason.MAX_TRIALS);
  const trials = await study.trials();
  assert.deepEqual(
    trials.map(({ state, scheduling }) => [state, scheduling!.results.length]),
    [
      [TrialState.SUCCEEDED, 3],
      [TrialState.STOPPED, 2],
      [TrialState.STOPPED, 1],
      [TrialState.STOPPED, 1],
    ],
  );
  for (const trial of trials.slice(1)) {
    assert.equal(trial.endReason, TrialEndReason.STUDY_COMPLETED);
    assert.deepEqual(trial.endTime, endTime);
    assert.ok(sequence - trial.sequence < 8);
  }
});

test('infeasible trials do not count to max_trials, failed and queued ones do, warm starts do not', async (t) => {
  const world = await EngineWorld.open(t);
  const study = await world.create({ ...single(1), limits: { maxTrials: 3 } });
  const parameters = [{ name: 'x', value: { kind: { $case: 'doubleValue', value: 0.5 } } }] as const;
  await study.add({ parameters: [...parameters], finalMeasurement: measurementOf(1, { loss: 0 }) });
  await study.infeasible(await study.take('a'));
  await study.add({ parameters: [...parameters] });
  await study.fail(await study.take('a'));
  await study.take('a', { recover: false });
  const last = await study.take('a', { recover: false });
  assert.equal(last.trial, 5);
  assert.deepEqual((await study.ask('b')).trials, []);
  await assert.rejects(study.add({ parameters: [...parameters] }), { reason: 'LIMIT_EXCEEDED' });
  // A place is free again once one turns out not to count.
  await study.infeasible(last);
  assert.equal((await study.take('b')).trial, 6);
});

test('raising max_trials makes the study go on; what it had stopped stays in its rungs', async (t) => {
  const world = await EngineWorld.open(t);
  const study = await world.create({ ...asha(4, 2), limits: { maxTrials: 3 } });
  for (let i = 0; i < 3; i++) await one(study, i);
  await runOut(study);
  const stopped = await study.trials();
  const updated = await study.update({ spec: { limits: { maxTrials: 4 } } });
  assert.deepEqual([updated.state, updated.endTime], [StudyState.ACTIVE, undefined]);
  assert.deepEqual(await study.trials(), stopped);
  // Fourth in rung 0: the top two of four are known, and ended.
  await one(study, 3);
  assert.equal((await study.ask('a')).studyState, StudyState.COMPLETED);
  assert.equal((await study.trials()).length, 4);
});

test('max_parallel_trials holds; a paused trial needs no place, a lapsed one keeps its', async (t) => {
  const world = await EngineWorld.open(t);
  const study = await world.create({ ...asha(9, 3), limits: { maxParallelTrials: 2 } });
  const job = await study.take('a');
  await study.take('b');
  assert.deepEqual((await study.ask('c')).trials, []);
  await study.report(job, 1, 0);
  assert.equal((await study.take('c')).trial, 3);
  await world.clock.advance(minute);
  // Both have lapsed: they are lent again, nothing new is.
  assert.deepEqual(
    (await study.ask('d', { count: 9 })).trials.map(({ id }) => id),
    [2, 3],
  );
  assert.deepEqual((await study.ask('e')).trials, []);
});

test('max_consecutive_infeasible ends the study', async (t) => {
  const world = await EngineWorld.open(t);
  const study = await world.create({ ...single(1), limits: { maxConsecutiveInfeasible: 2 } });
  await study.infeasible(await study.take('a'));
  const [bad, running] = [await study.take('a'), await study.take('b')];
  await study.infeasible(bad);
  assert.deepEqual((await study.ask('a')).trials, []);
  await study.report(running, 1, 0.5);
  const { studyState, studyEndReason } = await study.ask('a');
  assert.deepEqual(
    [studyState, studyEndReason],
    [StudyState.COMPLETED, StudyEndReason.MAX_CONSECUTIVE_INFEASIBLE],
  );
  const raised = await study.update({ spec: { limits: { maxConsecutiveInfeasible: 3 } } });
  assert.equal(raised.state, StudyState.ACTIVE);
  await study.infeasible(await study.take('a'));
  await study.infeasible(await study.take('a'));
  assert.equal((await study.take('a')).trial, 6);
});

test('a trial that brings a value at a rung breaks the row of infeasible ones, whatever becomes of it', async (t) => {
  const world = await EngineWorld.open(t);
  for (const spec of [asha(4, 2), ashaStopping(4, 2), halving(4, 2), single(1)]) {
    const study = await world.create({ ...spec, limits: { maxConsecutiveInfeasible: 2 } });
    await one(study, 0, 'x');
    for (let i = 1; i <= 3; i++) {
      await study.infeasible(await study.take('a', { recover: false }));
      // Worse than the first: ranked out at once where trials are stopped.
      const held = await study.take('b', { recover: false });
      await study.report(held, held.to, i);
      const { state } = await study.trial(held.trial);
      if (state === TrialState.PAUSED) await study.release(held, held.to);
    }
    assert.equal((await study.get()).state, StudyState.ACTIVE, spec.scheduler!.kind!.$case);
  }
});

test('max_duration: nothing is handed out after it; what runs may end', async (t) => {
  const world = await EngineWorld.open(t);
  const study = await world.create({ ...single(2), limits: { maxDuration: { seconds: 3600 } } });
  await world.clock.advance(3600_000 - 1);
  const job = await study.take('a');
  await world.clock.advance(1);
  assert.deepEqual((await study.ask('b')).trials, []);
  await study.report(job, 2, 0.5);
  const { studyState, studyEndReason } = await study.ask('b');
  assert.deepEqual([studyState, studyEndReason], [StudyState.COMPLETED, StudyEndReason.MAX_DURATION]);
  await study.update({ spec: { limits: { maxDuration: { seconds: 7200 } } } });
  assert.equal((await study.take('b')).trial, 2);
});

test('max_duration counts on over a restart', async (t) => {
  const world = await EngineWorld.open(t);
  const study = await world.create({ ...single(2), limits: { maxDuration: { seconds: 3600 } } });
  await world.clock.advance(1800_000);
  await world.restart();
  await world.clock.advance(1800_000);
  assert.equal((await study.ask('b')).studyState, StudyState.COMPLETED);
});

test('a user ends the study: leases become STOPPING, and their reports are still taken', async (t) => {
  const world = await EngineWorld.open(t);
  const study = await world.create(asha(9, 3));
  const [runs, pauses] = [await study.take('a'), await study.take('b')];
  await study.report(pauses, 1, 0.5);
  const ended = await study.update({ state: StudyState.COMPLETED });
  assert.equal(ended.endReason, StudyEndReason.ENDED_BY_USER);
  const states = async () => (await study.trials()).map(({ state }) => state);
  assert.deepEqual(await states(), [TrialState.STOPPING, TrialState.STOPPED]);
  assert.deepEqual((await study.ask('c')).studyState, StudyState.COMPLETED);
  await world.restart();
  await study.report(runs, 1, 0.25);
  assert.deepEqual(await states(), [TrialState.STOPPED, TrialState.STOPPED]);
  assert.equal((await study.trial(1)).finalMeasurement!.metrics[0]!.value, 0.25);
  const raise = study.update({ state: StudyState.ACTIVE, spec: { limits: { maxTrials: 99 } } });
  await assert.rejects(raise, { reason: 'STUDY_STATE' });
});

test('a grid that has been searched whole ends the study', async (t) => {
  const world = await EngineWorld.open(t);
  const study = await world.create({
    ...single(1),
    parameters: [{ name: 'c', domain: { $case: 'categorical', value: { values: ['p', 'q'] } } }],
    sampler: { kind: { $case: 'grid', value: {} } },
  });
  const lost = await study.take('a');
  await one(study, 0, 'b');
  // The points are given out, but one of them is still open.
  assert.equal((await study.ask('b')).studyState, StudyState.ACTIVE);
  await world.clock.advance(minute);
  const again = await study.take('b');
  assert.deepEqual([again.trial, again.attempt], [lost.trial, 2]);
  await study.report(again, 1, 1);
  assert.equal((await study.ask('b')).studyEndReason, StudyEndReason.SEARCH_SPACE_EXHAUSTED);
});
