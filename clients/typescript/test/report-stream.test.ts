import { status } from '@grpc/grpc-js';
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test, type TestContext } from 'node:test';
import { Directive_Kind } from '../src/gen/wazir/v1/measurement.js';
import { WazirError } from '../src/index.js';
import { writeMeasurement } from '../src/metrics.js';
import { ReportStream, type Report } from '../src/report-stream.js';
import { Rpc } from '../src/rpc.js';
import { FakeClock } from './fake-clock.js';
import { answer, cut, FakeServer, refusal, type Handlers } from './fake-server.js';

const TRIAL = 'owners/default/studies/s/trials/1';

function report(step: number): Report {
  return { trial: TRIAL, attempt: 1, studyUid: 'u', measurement: writeMeasurement(step, { loss: 1 / step }) };
}

/** A stream to a server of the test's making, on a clock whose waits pass at once. */
async function start(t: TestContext, onReport: NonNullable<Handlers['onReport']>, retryForSeconds = 600) {
  const server = await FakeServer.start({ onReport });
  const clock = new FakeClock();
  const retries: WazirError[] = [];
  const onRetry = (error: WazirError, wait: number) => {
    retries.push(error);
    setImmediate(() => clock.advance(wait));
  };
  const rpc = new Rpc(server.address, { clock, retryForSeconds, onRetry });
  const stream = new ReportStream(rpc);
  t.after(() => {
    stream.close();
    rpc.close();
    server.stop();
  });
  return { server, stream, retries, rpc };
}

test('reports share one stream, and each gets its own answer whatever the order', async (t) => {
  const waiting: (() => void)[] = [];
  const { server, stream } = await start(t, (request, call) => {
    waiting.push(() => call.write(answer(request, Directive_Kind.CONTINUE, request.messageId)));
    if (waiting.length === 3) for (const reply of waiting.reverse()) reply();
  });
  const answers = await Promise.all([1, 2, 3].map((step) => stream.send(report(step))));
  assert.deepEqual(
    answers.map(({ until }) => until),
    [1, 2, 3],
  );
  assert.equal(new Set(server.reports.map(({ messageId }) => messageId)).size, 3);
  assert.ok(server.streams.size <= 1);
});

test('after a cut, what was not acknowledged is sent again under its number, and nothing else', async (t) => {
  let lost = false;
  const { stream, server, retries } = await start(t, (request, call) => {
    const { step } = request.measurement!;
    if (step >= 2 && !lost) {
      if (step === 3) {
        lost = true;
        cut(call);
      }
      return;
    }
    call.write(answer(request, Directive_Kind.CONTINUE, step));
  });
  stream.retain();
  assert.equal((await stream.send(report(1))).until, 1);
  const answers = await Promise.all([stream.send(report(2)), stream.send(report(3))]);
  assert.deepEqual(
    answers.map(({ until }) => until),
    [2, 3],
  );
  assert.deepEqual(
    server.reports.map(({ messageId, measurement }) => [messageId, measurement?.step]),
    [
      [1, 1],
      [2, 2],
      [3, 3],
      [2, 2],
      [3, 3],
    ],
  );
  assert.equal(retries.length, 1);
  stream.release();
});

test('a server that comes back at its address finds the report waiting', async (t) => {
  const { server, stream, retries } = await start(t, () => server.stop(), Infinity);
  const sent = stream.send(report(5));
  while (retries.length === 0) await new Promise(setImmediate);
  const back = await FakeServer.start(
    { onReport: (request, call) => call.write(answer(request, Directive_Kind.PAUSE)) },
    server.address,
  );
  t.after(() => back.stop());
  assert.equal((await sent).action, 'pause');
  assert.equal(back.reports[0]?.measurement?.step, 5);
});

test('a report that is refused fails alone', async (t) => {
  const { stream } = await start(t, (request, call) => {
    const bad = request.measurement?.step === 2;
    call.write(
      bad
        ? refusal(request, status.ALREADY_EXISTS, 'MEASUREMENT_CONFLICT')
        : answer(request, Directive_Kind.CONTINUE),
    );
  });
  const [first, second, third] = await Promise.allSettled([1, 2, 3].map((step) => stream.send(report(step))));
  assert.equal(first?.status, 'fulfilled');
  assert.equal(third?.status, 'fulfilled');
  assert.ok(second?.status === 'rejected' && second.reason instanceof WazirError);
  assert.equal(second.reason.code, 'ALREADY_EXISTS');
  assert.equal(second.reason.reason, 'MEASUREMENT_CONFLICT');
});

test('a report whose outcome is unknown is sent again', async (t) => {
  let tries = 0;
  const { stream } = await start(t, (request, call) => {
    call.write(
      ++tries === 1
        ? refusal(request, status.UNAVAILABLE, 'COMMIT_OUTCOME_UNKNOWN')
        : answer(request, Directive_Kind.COMPLETE),
    );
  });
  assert.equal((await stream.send(report(1))).action, 'complete');
  assert.equal(tries, 2);
});

test('when the server stays away longer than allowed, every report fails', async (t) => {
  const { stream, server } = await start(t, () => server.stop(), 60);
  const results = await Promise.allSettled([stream.send(report(1)), stream.send(report(2))]);
  for (const result of results) {
    assert.ok(result.status === 'rejected' && result.reason instanceof WazirError);
    assert.equal(result.reason.transient, true);
  }
});

test('who may not report is told at once', async (t) => {
  const { stream, retries } = await start(t, (_, call) => {
    const denied = Object.assign(new Error('no'), { code: status.PERMISSION_DENIED, details: 'no' });
    call.emit('error', denied);
  });
  await assert.rejects(stream.send(report(1)), { code: 'PERMISSION_DENIED' });
  assert.deepEqual(retries, []);
});

test('a directive that comes unasked reaches the attempt that is meant, and no other', async (t) => {
  const { stream } = await start(t, (request, call) => {
    const unasked = { ...answer(request, Directive_Kind.STOP), messageId: 0, trial: TRIAL };
    call.write({ ...unasked, attempt: 1 });
    call.write({ ...unasked, attempt: 2 });
    call.write(answer(request, Directive_Kind.CONTINUE));
  });
  const heard: string[] = [];
  stream.listen(TRIAL, 2, ({ action }) => heard.push(action));
  const unlisten = stream.listen(TRIAL, 1, () => heard.push('wrong'));
  unlisten();
  await stream.send(report(1));
  assert.deepEqual(heard, ['stop']);
});

test('the stream stays between reports while somebody retains it, and ends with the last', async (t) => {
  const { stream, server } = await start(t, (request, call) =>
    call.write(answer(request, Directive_Kind.CONTINUE)),
  );
  stream.retain();
  await stream.send(report(1));
  const [open] = server.streams;
  assert.ok(open);
  await stream.send(report(2));
  assert.deepEqual([...server.streams], [open]);
  const ended = once(open, 'end');
  stream.release();
  await ended;
});

test('closing rejects what is outstanding', async (t) => {
  const { stream } = await start(t, () => stream.close());
  await assert.rejects(stream.send(report(1)), { code: 'CANCELLED' });
});
