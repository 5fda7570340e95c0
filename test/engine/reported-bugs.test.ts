/** Bugs that users of other tuners have reported, where they concern leases and the engine. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Directive_Kind as Kind } from '../../server/gen/wazir/v1/measurement.js';
import { StudyEndReason, StudyState, TrialEndReason, TrialState } from '../../server/gen/wazir/v1/trial.js';
import { EngineWorld } from './engine-world.js';
import { jobOf, type Job, type StudyDriver } from './study-driver.js';
import { asha, ashaStopping, asyncHyperband, halving, hyperband, single } from './study-specs.js';

const minute = 60_000;

/** Trains a job to its end, and saves where it pauses. */
async function finish(study: StudyDriver, job: Job, loss: number): Promise<Kind> {
  for (let step = job.to; ;) {
    const { kind, until } = await study.report(job, step, loss);
    if (kind === Kind.PAUSE) await study.release(job, step);
    if (kind !== Kind.CONTINUE) return kind;
    step = until;
  }
}

test('optuna#4862: of two lookers at one expiry exactly one gets the trial', async (t) => {
  const world = await EngineWorld.open(t);
  const study = await world.create({ ...single(9), limits: { maxTrials: 1 } });
  await study.take('a');
  await world.clock.advance(minute);
  const answers = await Promise.all([study.ask('b'), study.ask('c')]);
  assert.deepEqual(answers.map(({ trials }) => trials.length).sort(), [0, 1]);
  const { attempts, expiries } = await study.trial(1);
  assert.deepEqual([attempts, expiries], [2, 1]);
});

test('optuna#4234, #5470, #3198: a worker thought dead that comes back gets an answer, not a crash', async (t) => {
  const world = await EngineWorld.open(t);
  const study = await world.create({ ...single(3), limits: { maxAttempts: 1 } });
  const [job, other] = [await study.take('a'), await study.take('b')];
  await world.clock.advance(minute - 1);
  await study.renew(other);
  await world.clock.advance(1);
  await assert.rejects(
    study.report(job, 1, 0.5),
    (error: { reason: string; metadata: Record<string, string> }) => {
      assert.deepEqual([error.reason, error.metadata.state], ['TRIAL_ENDED', 'FAILED']);
      return true;
    },
  );
  // The study goes on as if nothing had been said.
  assert.equal(await finish(study, other, 0.5), Kind.COMPLETE);
});

test('optuna#5860: a pre-empted trial is told from a broken one', async (t) => {
  const world = await EngineWorld.open(t);
  const study = await world.create({ ...single(9), limits: { maxAttempts: 1 } });
  await study.take('a');
  await study.fail(await study.take('b'));
  await world.clock.advance(minute);
  await study.settled();
  const reasons = (await study.trials()).map(({ state, endReason, failureReason }) => [
    state,
    endReason,
    failureReason,
  ]);
  assert.deepEqual(reasons, [
    [TrialState.FAILED, TrialEndReason.ABANDONED, 'its lease expired 1 times'],
    [TrialState.FAILED, TrialEndReason.UNSPECIFIED, 'broken'],
  ]);
});

test('katib#1168: fewer trials than asked for are handed out at once', async (t) => {
  const world = await EngineWorld.open(t);
  const study = await world.create({ ...single(9), limits: { maxTrials: 3 } });
  const { trials, retryAfter } = await study.ask('a', { count: 10 }, { waitMs: minute });
  assert.deepEqual([trials.length, retryAfter], [3, undefined]);
});

test('katib#1366, katib#557: all brackets are run, each once, and then the study ends', async (t) => {
  const world = await EngineWorld.open(t);
  const study = await world.create(hyperband(9, 3, 1));
  const brackets = new Map<number, number>();
  for (;;) {
    const { trials, studyState } = await study.ask('a');
    if (studyState === StudyState.COMPLETED) break;
    const job = jobOf(trials[0]!);
    if (job.attempt === 1) {
      const { bracket } = trials[0]!.scheduling!;
      brackets.set(bracket, (brackets.get(bracket) ?? 0) + 1);
    }
    await finish(study, job, job.trial);
  }
  assert.deepEqual(Object.fromEntries(brackets), { 0: 9, 1: 5, 2: 3 });
  assert.equal((await study.get()).endReason, StudyEndReason.SCHEDULER_FINISHED);
});

test('katib: one failed trial of a rung does not stop the study: three of the other eight go on', async (t) => {
  const world = await EngineWorld.open(t);
  const study = await world.create(halving(9, 3));
  const jobs = (await study.ask('a', { count: 9 })).trials.map(jobOf);
  await study.fail(jobs[0]!);
  for (const job of jobs.slice(1)) await finish(study, job, job.trial);
  const next = (await study.ask('a', { count: 9 })).trials.map(jobOf);
  assert.deepEqual(
    next.map(({ trial, from, to }) => [trial, from, to]),
    [
      [2, 1, 3],
      [3, 1, 3],
      [4, 1, 3],
    ],
  );
});

test('determined#4836, #1176: a failure that is told twice, and expires too, counts once', async (t) => {
  const world = await EngineWorld.open(t);
  const study = await world.create({ ...single(9), limits: { maxParallelTrials: 2, maxTrials: 4 } });
  const [job] = [await study.take('a'), await study.take('b')];
  await Promise.all([study.fail(job), study.fail(job)]);
  await study.fail(job);
  await assert.rejects(study.infeasible(job), { reason: 'TRIAL_ENDED' });
  assert.deepEqual((await study.get()).progress!.failed, 1);
  // One place is free, so one replacement, though two ask.
  const answers = await Promise.all([study.ask('c'), study.ask('d')]);
  assert.deepEqual(
    answers.map(({ trials }) => trials.length),
    [1, 0],
  );
  await world.clock.advance(minute);
  await study.settled();
  assert.equal((await study.get()).progress!.failed, 1);
});

test('determined#1022: where the best of a rung is dead, the search goes on', async (t) => {
  const world = await EngineWorld.open(t);
  for (const end of ['fail', 'stop', 'infeasible', 'dies'] as const) {
    const study = await world.create({ ...asha(4, 2), limits: { maxTrials: 4, maxAttempts: 1 } });
    const jobs = (await study.ask('a', { count: 4 })).trials.map(jobOf);
    for (const job of jobs) await finish(study, job, job.trial);
    // The best is promoted, and does not survive that.
    const promoted = await study.take('b');
    assert.deepEqual([promoted.trial, promoted.to], [1, 2]);
    if (end === 'fail') await study.fail(promoted);
    if (end === 'stop') await study.stop(1).then(() => study.report(promoted, 2, 1));
    if (end === 'infeasible') await study.infeasible(promoted);
    if (end === 'dies') await world.clock.advance(minute);
    assert.deepEqual((await study.take('c')).trial, 2, end);
    for (let i = 0; i < 20 && (await study.get()).state === StudyState.ACTIVE; i++) {
      const { trials } = await study.ask('c');
      for (const trial of trials) await finish(study, jobOf(trial), trial.id);
    }
    assert.equal((await study.get()).state, StudyState.COMPLETED, end);
  }
});

test('determined#1719: fewer places than brackets hold for all brackets together', async (t) => {
  const world = await EngineWorld.open(t);
  for (const spec of [asyncHyperband(false), asyncHyperband(true), hyperband()]) {
    const study = await world.create({ ...spec, limits: { maxParallelTrials: 1 } });
    for (let i = 0; i < 8; i++) {
      const answers = await Promise.all(
        ['a', 'b', 'c'].map((client) => study.ask(client, { recover: false })),
      );
      const lent = answers.flatMap(({ trials }) => trials);
      assert.equal(lent.length, 1);
      await finish(study, jobOf(lent[0]!), i);
    }
  }
});

test('determined#3999: infinities and NaN come back as they were reported, also from disk', async (t) => {
  const world = await EngineWorld.open(t);
  const study = await world.create(ashaStopping(9, 3));
  const values = [Infinity, -Infinity, NaN];
  for (const value of values) await study.report(await study.take('a', { recover: false }), 1, value);
  for (const restarted of [false, true]) {
    if (restarted) await world.restart();
    for (const [i, value] of values.entries()) {
      const [known] = await study.measurements(i + 1);
      assert.ok(Object.is(known!.metrics[0]!.value, value));
    }
    const { results } = (await study.trial(3)).scheduling!;
    assert.deepEqual([results[0]!.kind, results[0]!.loss], [2, 0]);
  }
});

test('syne-tune#304, #395: a resumed trial that starts from its beginning is no fault', async (t) => {
  const world = await EngineWorld.open(t);
  const study = await world.create(asha(4, 2));
  for (const loss of [1, 2]) await finish(study, await study.take('a'), loss);
  const resumed = await study.take('a');
  assert.deepEqual([resumed.from, resumed.to], [1, 2]);
  // It can not load its checkpoint, and trains anew.
  assert.equal((await study.report(resumed, 1, 9)).kind, Kind.CONTINUE);
  assert.equal((await study.report(resumed, 2, 1)).kind, Kind.PAUSE);
  assert.deepEqual(
    (await study.trial(1)).scheduling!.results.map(({ loss }) => loss),
    [1, 1],
  );
});

test('keras-tuner#835: what waits to be tried again outlives a restart', async (t) => {
  const world = await EngineWorld.open(t);
  const study = await world.create(asha(4, 2));
  const jobs = (await study.ask('a', { count: 3 })).trials.map(jobOf);
  await finish(study, jobs[0]!, 1);
  await finish(study, jobs[1]!, 2);
  await study.release(jobs[2]!);
  await world.restart();
  const again = (await study.ask('b', { count: 2 })).trials.map(jobOf);
  assert.deepEqual(
    again.map(({ trial, attempt }) => [trial, attempt]),
    [
      [3, 2],
      [1, 2],
    ],
  );
});

test('HpBandSter#62: a crash counts in its rung, as the worst', async (t) => {
  const world = await EngineWorld.open(t);
  const study = await world.create(asha(4, 2));
  const [bad, good] = [await study.take('a'), await study.take('b')];
  await study.fail(bad);
  await finish(study, good, Infinity);
  // One of the two goes on: not the one that crashed.
  assert.deepEqual((await study.take('c')).trial, 2);
});

test('HpBandSter#91: a job that breaks every worker is given up, and the study goes on', async (t) => {
  const world = await EngineWorld.open(t);
  const study = await world.create({ ...single(9), limits: { maxTrials: 2 } });
  for (let i = 0; i < 3; i++) {
    assert.equal((await study.take(`w${i}`)).trial, 1);
    await world.clock.advance(minute);
  }
  assert.equal((await study.take('w')).trial, 2);
  const malformed = study.report({ trial: 2, attempt: 1 }, 1, { unknown: 1 });
  await assert.rejects(malformed, { reason: 'INVALID_FIELD' });
  await assert.rejects(study.report({ trial: 2, attempt: 1 }, -1, 1), { reason: 'INVALID_FIELD' });
  assert.deepEqual(await study.measurements(2), []);
});

test('ray#35338: a promoted trial that is not lent yet is decided upon once', async (t) => {
  const world = await EngineWorld.open(t);
  const study = await world.create(asha(4, 2));
  const jobs = (await study.ask('a', { count: 4 })).trials.map(jobOf);
  for (const job of jobs) await study.report(job, 1, job.trial);
  // Both promotions are decided, while the checkpoints are still being saved.
  const fresh = (await study.ask('b', { count: 3 })).trials.map(({ id }) => id);
  assert.deepEqual(fresh, [5, 6, 7]);
  assert.deepEqual((await study.trials()).map(({ scheduling }) => scheduling!.promoted).slice(0, 4), [
    true,
    true,
    false,
    false,
  ]);
  for (const job of jobs) await study.release(job, 1);
  assert.deepEqual(
    (await study.ask('c', { count: 3 })).trials.map(({ id }) => id),
    [1, 2, 8],
  );
});
