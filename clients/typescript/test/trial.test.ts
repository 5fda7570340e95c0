import { status } from '@grpc/grpc-js';
import assert from 'node:assert/strict';
import { readdir, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { test } from 'node:test';
import type { CompleteTrialRequest, RenewLeaseRequest } from '../src/gen/wazir/v1/trial.js';
import { RenewLeaseResponse } from '../src/gen/wazir/v1/trial.js';
import { v1 } from '../src/index.js';
import { FakeClock } from './fake-clock.js';
import { answer, failure, refusal } from './fake-server.js';
import { lentTrial, startLending, until } from './lending-server.js';

const { CONTINUE, PAUSE, STOP, COMPLETE } = v1.Directive_Kind;

test('training starts after the checkpoint that the server names', async (t) => {
  const checkpoint = { step: 3, uri: '/somewhere/1-1', trial: 1 };
  const { study } = await startLending(t, {
    trials: [lentTrial({ attempt: 2, fromResource: 3, toResource: 5, checkpoint })],
    reply: until(5, COMPLETE),
  });
  const steps: number[] = [];
  for await (const trial of study.trials()) {
    assert.equal(trial.checkpointPath, '/somewhere/1-1');
    for await (const step of trial.steps()) {
      steps.push(step);
      await trial.report(step, { accuracy: 0 });
    }
  }
  assert.deepEqual(steps, [4, 5]);
});

test('training goes on where a report raises the target', async (t) => {
  const { study } = await startLending(t, {
    trials: [lentTrial({ toResource: 1 })],
    reply: (request) =>
      request.measurement!.step < 3 ? answer(request, CONTINUE, 3) : answer(request, COMPLETE),
  });
  const steps: number[] = [];
  for await (const trial of study.trials()) {
    assert.equal(trial.checkpointPath, undefined);
    for await (const step of trial.steps()) {
      steps.push(step);
      void trial.report(step, { accuracy: 0 });
    }
    assert.equal(trial.signal.reason, 'complete');
  }
  assert.deepEqual(steps, [1, 2, 3]);
});

test('after PAUSE the trial is given back with what was saved', async (t) => {
  const { study, directory, released } = await startLending(t, {
    trials: [lentTrial({ attempt: 2, toResource: 3 })],
    reply: until(3, PAUSE),
  });
  let path = '';
  for await (const trial of study.trials({ checkpointDir: directory })) {
    for await (const step of trial.steps()) await trial.report(step, { accuracy: 0 });
    path = trial.checkpointPathToWrite;
    await writeFile(path, 'weights');
  }
  assert.equal(path, join(directory, 's-u1', '1-2'));
  const [request] = released();
  assert.deepEqual(request?.checkpoint, { step: 3, uri: path, trial: 0 });
  assert.deepEqual([request?.attempt, request?.studyUid], [2, 'u1']);
});

test('after PAUSE without a file it is given back without a checkpoint', async (t) => {
  const world = await startLending(t, { trials: [lentTrial()], reply: until(3, PAUSE) });
  for await (const trial of world.study.trials({ checkpointDir: world.directory })) {
    for await (const step of trial.steps()) await trial.report(step, { accuracy: 0 });
  }
  assert.deepEqual(
    world.released().map(({ checkpoint }) => checkpoint),
    [undefined],
  );
});

test('after STOP nothing is called, and what the trial has saved is removed', async (t) => {
  const { study, server, directory } = await startLending(t, {
    trials: [lentTrial({ attempt: 2 }), lentTrial({}, 2)],
    reply: until(2, STOP),
  });
  let folder = '';
  for await (const trial of study.trials({ checkpointDir: directory })) {
    const steps: number[] = [];
    for await (const step of trial.steps()) {
      steps.push(step);
      await trial.report(step, { accuracy: 0 });
    }
    assert.deepEqual(steps, [1, 2]);
    if (trial.id === 2) continue;
    folder = dirname(trial.checkpointPathToWrite);
    for (const name of ['1-1', '1-2', '11-1']) await writeFile(join(folder, name), '');
  }
  assert.deepEqual(await readdir(folder), ['11-1']);
  assert.deepEqual(
    server.calls
      .map(({ method }) => method)
      .filter((method) => !['suggestTrials', 'getTrial'].includes(method)),
    [],
  );
});

test('a checkpoint that the server still needs is left', async (t) => {
  const { study, directory } = await startLending(t, {
    trials: [lentTrial()],
    reply: until(2, STOP),
    handlers: { getTrial: () => v1.Trial.create({ checkpointNeeded: true }) },
  });
  let path = '';
  for await (const trial of study.trials({ checkpointDir: directory })) {
    for await (const step of trial.steps()) await trial.report(step, { accuracy: 0 });
    path = trial.checkpointPathToWrite;
    await writeFile(path, '');
  }
  assert.deepEqual(await readdir(dirname(path)), [basename(path)]);
});

test('a completed trial keeps what it saved last', async (t) => {
  const { study, directory } = await startLending(t, { trials: [lentTrial({ attempt: 2 })] });
  let folder = '';
  for await (const trial of study.trials({ checkpointDir: directory })) {
    for await (const step of trial.steps()) await trial.report(step, { accuracy: 0 });
    folder = dirname(trial.checkpointPathToWrite);
    for (const name of ['1-1', '1-2']) await writeFile(join(folder, name), '');
  }
  assert.deepEqual(await readdir(folder), ['1-2']);
});

test('leaving the loop gives the trial back', async (t) => {
  const world = await startLending(t, { trials: [lentTrial()] });
  for await (const trial of world.study.trials()) {
    await trial.report(1, { accuracy: 0 });
    break;
  }
  assert.deepEqual(
    world.released().map(({ attempt, checkpoint }) => [attempt, checkpoint]),
    [[1, undefined]],
  );
});

test('leaving the loop while the server is away does not wait for it long', async (t) => {
  const clock = new FakeClock();
  const onRetry = (_: unknown, wait: number) => setImmediate(() => clock.advance(wait));
  const { study, server } = await startLending(t, { trials: [lentTrial()], connect: { clock, onRetry } });
  for await (const _ of study.trials()) {
    server.stop();
    break;
  }
  assert.ok(clock.now() > 0 && clock.now() <= 5_000, `waited ${clock.now()} ms`);
});

test('an exception in the body gives the trial back and comes out', async (t) => {
  const world = await startLending(t, { trials: [lentTrial()] });
  await assert.rejects(async () => {
    for await (const _ of world.study.trials()) throw new RangeError('out of memory');
  }, /out of memory/);
  assert.equal(world.released().length, 1);
});

test('a body that ends before the target completes the trial with what it reported', async (t) => {
  const { study, server } = await startLending(t, { trials: [lentTrial()] });
  for await (const trial of study.trials()) {
    for await (const step of trial.steps()) {
      await trial.report(step, { accuracy: 0 });
      if (step === 2) break;
    }
  }
  const [request] = server.requests<CompleteTrialRequest>('completeTrial');
  assert.deepEqual(
    [request?.attempt, request?.finalMeasurement, request?.outcome],
    [1, undefined, undefined],
  );
});

test('a body that reports nothing is a mistake, and the trial is given back', async (t) => {
  const world = await startLending(t, { trials: [lentTrial(), lentTrial({}, 2)] });
  const loop = world.study.trials();
  await loop.next();
  await assert.rejects(loop.next(), /nothing was reported on trial 1/);
  assert.equal(world.released().length, 1);
});

test('a worker can say itself how the trial ended', async (t) => {
  const trials = [1, 2, 3, 4].map((id) => lentTrial({}, id));
  const { study, server, released } = await startLending(t, { trials });
  for await (const trial of study.trials()) {
    if (trial.id === 1) await trial.complete({ accuracy: 0.5 });
    if (trial.id === 2) await trial.infeasible('does not fit');
    if (trial.id === 3) await trial.fail('disk full');
    if (trial.id === 4) await trial.release({ step: 2, uri: 'bucket/4' });
  }
  const completed = server.requests<CompleteTrialRequest>('completeTrial');
  assert.deepEqual(
    completed.map(({ name, outcome }) => [name.at(-1), outcome]),
    [
      ['1', undefined],
      ['2', { $case: 'infeasibleReason', value: 'does not fit' }],
      ['3', { $case: 'failureReason', value: 'disk full' }],
    ],
  );
  assert.deepEqual(completed[0]?.finalMeasurement?.metrics, [{ name: 'accuracy', value: 0.5 }]);
  assert.deepEqual(
    released().map(({ checkpoint }) => checkpoint),
    [{ step: 2, uri: 'bucket/4', trial: 0 }],
  );
});

test('a trial that somebody else has now ends quietly', async (t) => {
  const { study, server } = await startLending(t, {
    trials: [lentTrial()],
    reply: (request) =>
      request.measurement?.step === 2
        ? refusal(request, status.ABORTED, 'STALE_ATTEMPT')
        : answer(request, CONTINUE, 3),
  });
  for await (const trial of study.trials()) {
    const actions: string[] = [];
    for await (const step of trial.steps()) actions.push((await trial.report(step, { accuracy: 0 })).action);
    assert.deepEqual(actions, ['continue', 'lost']);
    assert.equal(trial.lost, true);
    assert.equal(trial.signal.aborted, true);
  }
  assert.deepEqual(
    server.calls.map(({ method }) => method),
    ['suggestTrials', 'suggestTrials'],
  );
});

test('a trial that is lost while it is given back is no error', async (t) => {
  const { study } = await startLending(t, {
    trials: [lentTrial()],
    reply: until(3, PAUSE),
    handlers: {
      releaseTrial: () => {
        throw failure(status.ABORTED, 'late', 'STALE_ATTEMPT');
      },
    },
  });
  for await (const trial of study.trials()) {
    for await (const step of trial.steps()) await trial.report(step, { accuracy: 0 });
  }
});

test("a report that is refused is the worker's to handle", async (t) => {
  const { study, released } = await startLending(t, {
    trials: [lentTrial()],
    reply: (request) => refusal(request, status.INVALID_ARGUMENT, 'INVALID_FIELD'),
  });
  await assert.rejects(
    async () => {
      for await (const trial of study.trials()) await trial.report(1, { typo: 0 });
    },
    { code: 'INVALID_ARGUMENT' },
  );
  assert.equal(released().length, 1);
});

test('a checkpoint can be announced while training goes on', async (t) => {
  const { study, server, directory } = await startLending(t, {
    trials: [lentTrial()],
    handlers: { renewLease: () => RenewLeaseResponse.create({ directive: { kind: CONTINUE, until: 3 } }) },
  });
  let path = '';
  for await (const trial of study.trials({ checkpointDir: directory })) {
    path = trial.checkpointPathToWrite;
    for await (const step of trial.steps()) {
      await trial.report(step, { accuracy: 0 });
      if (step === 2) await trial.checkpoint(step);
    }
  }
  const [request] = server.requests<RenewLeaseRequest>('renewLease');
  assert.deepEqual(request?.checkpoint, { step: 2, uri: path, trial: 0 });
});

test('without a resource steps are counted until the worker completes', async (t) => {
  const { study, server } = await startLending(t, {
    trials: [lentTrial({ toResource: 0 })],
    reply: (request) => answer(request, CONTINUE),
  });
  for await (const trial of study.trials()) {
    for await (const step of trial.steps()) {
      await trial.report(step, { accuracy: step });
      if (step === 10) await trial.complete();
    }
  }
  assert.equal(server.reports.length, 10);
  assert.equal(server.requests('completeTrial').length, 1);
});
