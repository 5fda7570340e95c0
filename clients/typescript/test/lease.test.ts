import { status } from '@grpc/grpc-js';
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { v1 } from '../src/index.js';
import { answer, refusal } from './fake-server.js';
import { FakeClock } from './fake-clock.js';
import { lentTrial, startLending } from './lending-server.js';

const { CONTINUE, STOP } = v1.Directive_Kind;
const leaseDuration = { seconds: 30, nanos: 0 };

/** Lets the event loop run until something has come about. */
async function come(about: () => boolean): Promise<void> {
  while (!about()) await new Promise(setImmediate);
}

test('a lease is renewed after a third of its time, and no longer than the trial is held', async (t) => {
  const clock = new FakeClock();
  const { study, server } = await startLending(t, {
    trials: [lentTrial({ leaseDuration })],
    reply: (request) => answer(request, CONTINUE, 3),
    connect: { clock },
  });
  for await (const trial of study.trials()) {
    clock.advance(9_999);
    assert.equal(clock.waiting, 1);
    clock.advance(1);
    await come(() => clock.waiting === 1);
    assert.deepEqual(
      server.reports.map(({ attempt, measurement }) => [attempt, measurement]),
      [[1, undefined]],
    );
    await trial.report(1, { accuracy: 0 });
    clock.advance(9_999);
    await new Promise(setImmediate);
    assert.equal(server.reports.length, 2, 'a report is a renewal');
    await trial.release();
  }
  assert.equal(clock.waiting, 0);
});

test('a renewal that is told STOP ends the steps', async (t) => {
  const clock = new FakeClock();
  const { study } = await startLending(t, {
    trials: [lentTrial({ leaseDuration })],
    reply: (request) => answer(request, request.measurement === undefined ? STOP : CONTINUE, 3),
    connect: { clock },
  });
  const trained: number[] = [];
  for await (const trial of study.trials()) {
    for await (const step of trial.steps()) {
      trained.push(step);
      await trial.report(step, { accuracy: 0 });
      clock.advance(10_000);
      await come(() => trial.signal.aborted);
    }
    assert.equal(trial.signal.reason, 'stop');
  }
  assert.deepEqual(trained, [1]);
});

test('a stop that comes unasked aborts the signal in the middle of a step', async (t) => {
  const { study, server, released } = await startLending(t, {
    trials: [lentTrial()],
    reply: (request) => answer(request, CONTINUE, 3),
  });
  for await (const trial of study.trials()) {
    for await (const step of trial.steps()) {
      await trial.report(step, { accuracy: 0 });
      const aborted = new Promise((resolve) => trial.signal.addEventListener('abort', resolve));
      const directive = { kind: STOP, until: 0 };
      for (const call of server.streams) {
        call.write({ messageId: 0, trial: trial.name, attempt: trial.attempt, directive, error: undefined });
      }
      await aborted;
    }
  }
  assert.equal(server.reports.length, 1);
  assert.equal(released().length, 1, 'the server hears that it was heard');
});

test('a renewal that finds the trial taken ends the steps', async (t) => {
  const clock = new FakeClock();
  const { study } = await startLending(t, {
    trials: [lentTrial({ leaseDuration })],
    reply: (request) => refusal(request, status.ABORTED, 'STALE_ATTEMPT'),
    connect: { clock },
  });
  for await (const trial of study.trials()) {
    clock.advance(10_000);
    await come(() => trial.lost);
    for await (const _ of trial.steps()) assert.fail('there is nothing to train');
  }
});
