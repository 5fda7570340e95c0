import { status } from '@grpc/grpc-js';
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { v1 } from '../src/index.js';
import { SuggestTrialsResponse, type SuggestTrialsRequest } from '../src/gen/wazir/v1/trial.js';
import { failure } from './fake-server.js';
import { lentTrial, startLending, STUDY } from './lending-server.js';

test('a worker trains each trial it is lent and ends with the study', async (t) => {
  const { study, server } = await startLending(t, { trials: [lentTrial(), lentTrial({}, 2)] });
  const trained: [number, number][] = [];
  for await (const trial of study.trials({ worker: 'w1' })) {
    assert.deepEqual(trial.parameters, { lr: 0.5, optimizer: 'sgd' });
    for await (const step of trial.steps()) {
      trained.push([trial.id, step]);
      await trial.report(step, { accuracy: step / 10 });
    }
  }
  assert.deepEqual(trained, [
    [1, 1],
    [1, 2],
    [1, 3],
    [2, 1],
    [2, 2],
    [2, 3],
  ]);
  const asked = server.requests<SuggestTrialsRequest>('suggestTrials');
  assert.deepEqual(
    asked.map(({ parent, clientId, count, holding }) => ({ parent, clientId, count, holding })),
    Array.from({ length: 3 }, () => ({ parent: STUDY, clientId: 'w1', count: 1, holding: [] })),
  );
  assert.equal(new Set(asked.map(({ requestId }) => requestId)).size, 3);
});

test('reports carry the attempt, the study uid and the values', async (t) => {
  const { study, server } = await startLending(t, { trials: [lentTrial({ attempt: 4, toResource: 1 })] });
  for await (const trial of study.trials()) {
    await trial.report(1, { 'top-5': 0.25 }, { elapsedSeconds: 1.5 });
    await trial.complete();
  }
  const [report] = server.reports;
  assert.deepEqual(
    [report?.trial, report?.attempt, report?.studyUid, report?.measurement?.step],
    [`${STUDY}/trials/1`, 4, 'u1', 1],
  );
  assert.deepEqual(report?.measurement?.metrics, [{ name: 'top-5', value: 0.25 }]);
  assert.deepEqual(report?.measurement?.elapsed, { seconds: 1, nanos: 500_000_000 });
});

test('workers that are not named have names of their own', async (t) => {
  const { study, server } = await startLending(t, { trials: [] });
  await Promise.all([study.trials().next(), study.trials().next()]);
  const names = server.requests<SuggestTrialsRequest>('suggestTrials').map(({ clientId }) => clientId);
  assert.equal(new Set(names).size, 2);
});

test('an empty answer is followed by another ask, with another request id', async (t) => {
  const answers = [
    { studyState: v1.StudyState.ACTIVE, retryAfter: { seconds: 0, nanos: 1_000_000 } },
    { studyState: v1.StudyState.PAUSED, retryAfter: { seconds: 0, nanos: 1_000_000 } },
    { studyState: v1.StudyState.COMPLETED },
  ];
  const { study, server } = await startLending(t, {
    trials: [],
    handlers: { suggestTrials: () => SuggestTrialsResponse.create(answers.shift()) },
  });
  assert.equal((await study.trials().next()).done, true);
  const ids = server.requests<SuggestTrialsRequest>('suggestTrials').map(({ requestId }) => requestId);
  assert.equal(new Set(ids).size, 3);
});

test('an ask that fails on the way is repeated under its request id', async (t) => {
  let tries = 0;
  const { study, server } = await startLending(t, {
    trials: [],
    handlers: {
      suggestTrials: () => {
        if (++tries < 3) throw failure(status.UNAVAILABLE, 'away', 'COMMIT_OUTCOME_UNKNOWN');
        return SuggestTrialsResponse.create({ studyState: v1.StudyState.COMPLETED });
      },
    },
  });
  await study.trials().next();
  const ids = server.requests<SuggestTrialsRequest>('suggestTrials').map(({ requestId }) => requestId);
  assert.equal(ids.length, 3);
  assert.equal(new Set(ids).size, 1);
});

test("two loops under one name do not take each other's trials", async (t) => {
  const trials = [lentTrial(), lentTrial({ attempt: 2 }, 2)];
  const { study, server } = await startLending(t, { trials });
  const first = study.trials({ worker: 'w' });
  const second = study.trials({ worker: 'w' });
  await first.next();
  await second.next();
  await first.return();
  await second.next().catch(() => {});
  assert.deepEqual(
    server.requests<SuggestTrialsRequest>('suggestTrials').map(({ holding }) => holding),
    [[], [{ trial: 1, attempt: 1 }]],
  );
});

test('an abort ends the wait for a trial', async (t) => {
  const controller = new AbortController();
  const { study } = await startLending(t, {
    trials: [],
    handlers: {
      suggestTrials: () => {
        controller.abort();
        return new Promise(() => {});
      },
    },
  });
  const { done } = await study.trials({ signal: controller.signal }).next();
  assert.equal(done, true);
});

test('an abort while a trial is at hand ends the loop after it', async (t) => {
  const controller = new AbortController();
  const { study, server } = await startLending(t, { trials: [lentTrial(), lentTrial({}, 2)] });
  const trained: number[] = [];
  for await (const trial of study.trials({ signal: controller.signal })) {
    controller.abort();
    for await (const step of trial.steps()) await trial.report(step, { accuracy: 1 });
    trained.push(trial.id);
  }
  assert.deepEqual(trained, [1]);
  assert.equal(server.requests('suggestTrials').length, 1);
});

test('a study that is not there is an error of the loop', async (t) => {
  const { study } = await startLending(t, {
    trials: [],
    handlers: {
      suggestTrials: () => {
        throw failure(status.NOT_FOUND, 'no study s', 'STUDY_NOT_FOUND');
      },
    },
  });
  await assert.rejects(study.trials().next(), { code: 'NOT_FOUND', reason: 'STUDY_NOT_FOUND' });
});
