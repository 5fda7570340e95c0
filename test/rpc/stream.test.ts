import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BinaryWriter } from '@bufbuild/protobuf/wire';
import {
  Directive_Kind as Kind,
  type StreamMeasurementsResponse,
} from '../../server/gen/wazir/v1/measurement.js';
import { StudyState, TrialState } from '../../server/gen/wazir/v1/trial.js';
import { FakeClock } from '../engine/fake-clock.js';
import { startTestServer, storeDigest } from '../app/test-server.js';
import { refusalOfStatus } from './refusal.js';
import { ReportStream } from './report-stream.js';
import { createStudy, oneTrial, owner, reportOf } from './study-requests.js';

const until9 = { kind: Kind.CONTINUE, until: 9 };
const single = { scheduler: { kind: { $case: 'single' as const, value: {} } } };

/** An answer that is no error, as id and directive. */
function told({ messageId, directive, error, trial, attempt }: StreamMeasurementsResponse) {
  assert.equal(error, undefined);
  assert.deepEqual([trial, attempt], ['', 0], 'set only in what comes unasked');
  return [messageId, directive];
}

function refusedBy({ messageId, error, directive }: StreamMeasurementsResponse) {
  assert.equal(directive, undefined);
  const { code, reason, fields } = refusalOfStatus(error!);
  return [messageId, code, reason, ...fields];
}

test('each report is answered with its id, in order, with what to do next', async (t) => {
  const { client } = await startTestServer(t);
  const study = await createStudy(client, 's');
  const first = await oneTrial(client, study.name, 'a');
  const second = await oneTrial(client, study.name, 'b');
  const stream = new ReportStream(client);
  stream.report(7, first, 1, 0.5);
  stream.report(3, second, 9, 0.4);
  stream.report(3, second, 9, 0.4);
  // Without a measurement it renews, and tells what stands.
  stream.send({ messageId: 99, trial: first.name, attempt: 1 });
  assert.deepEqual((await stream.take(4)).map(told), [
    [7, { kind: Kind.PAUSE, until: 0 }],
    [3, { kind: Kind.COMPLETE, until: 0 }],
    [3, { kind: Kind.COMPLETE, until: 0 }],
    [99, { kind: Kind.PAUSE, until: 0 }],
  ]);
  stream.report(100, second, 9, 0.4);
  stream.finish();
  assert.equal((await stream.next()).messageId, 100, 'what was sent before the end is answered');
  assert.equal(await stream.ended, 'OK');
});

test('a message without a measurement renews the lease', async (t) => {
  const clock = new FakeClock();
  const { client } = await startTestServer(t, { clock });
  const study = await createStudy(client, 's', single);
  const trial = await oneTrial(client, study.name, 'a');
  const stream = new ReportStream(client);
  for (let round = 1; round <= 3; round++) {
    await clock.advance(59_000);
    stream.send({ messageId: round, trial: trial.name, attempt: 1 });
    assert.deepEqual(told(await stream.next()), [round, until9]);
  }
  assert.notEqual((await oneTrial(client, study.name, 'b')).id, trial.id);
  await clock.advance(60_000);
  assert.equal((await oneTrial(client, study.name, 'c')).id, trial.id);
});

test('an error of one request is its answer, changes nothing and does not end the stream', async (t) => {
  const { client, dataDir } = await startTestServer(t);
  const study = await createStudy(client, 's', single);
  const trial = await oneTrial(client, study.name, 'a');
  await client.reportMeasurement(reportOf(trial, 1, 0.5));
  const before = await storeDigest(dataDir);
  const stream = new ReportStream(client);
  const good = { ...reportOf(trial, 2, 0.5) };
  // The first message of the stream names no trial.
  stream.send({ messageId: 1 });
  stream.send({ ...good, messageId: 0 });
  stream.send({ ...good, messageId: -5 });
  stream.send({ ...good, messageId: 2, trial: study.name });
  stream.send({ ...good, messageId: 3, trial: `${study.name}/trials/99` });
  stream.send({ ...good, messageId: 4, trial: `${owner}/studies/other/trials/1` });
  stream.send({ ...good, messageId: 5, attempt: 2 });
  stream.send({ ...good, messageId: 6, studyUid: '0123456789abcdef' });
  stream.send({ ...good, messageId: 7, measurement: { step: 2 } });
  stream.send({
    ...good,
    messageId: 8,
    measurement: { step: 2, metrics: [{ name: 'n'.repeat(2 ** 20), value: 1 }] },
  });
  stream.report(9, trial, 1, 0.4);
  assert.deepEqual((await stream.take(11)).map(refusedBy), [
    [1, 'INVALID_ARGUMENT', 'INVALID_FIELD', 'trial'],
    [0, 'INVALID_ARGUMENT', 'INVALID_FIELD', 'message_id'],
    [-5, 'INVALID_ARGUMENT', 'INVALID_FIELD', 'message_id'],
    [2, 'INVALID_ARGUMENT', 'INVALID_FIELD', 'trial'],
    [3, 'NOT_FOUND', 'TRIAL_NOT_FOUND'],
    [4, 'NOT_FOUND', 'STUDY_NOT_FOUND'],
    [5, 'INVALID_ARGUMENT', 'INVALID_FIELD', 'attempt'],
    [6, 'NOT_FOUND', 'STUDY_RECREATED'],
    [7, 'INVALID_ARGUMENT', 'INVALID_FIELD', 'measurement.metrics'],
    [8, 'INVALID_ARGUMENT', 'INVALID_FIELD', 'measurement.metrics[0].name'],
    [9, 'ALREADY_EXISTS', 'MEASUREMENT_CONFLICT'],
  ]);
  assert.equal(await storeDigest(dataDir), before);
  stream.report(10, trial, 2, 0.3);
  assert.deepEqual(told(await stream.next()), [10, until9]);
});

test('what does not decode is answered too, under its id where that can be read', async (t) => {
  const { client } = await startTestServer(t);
  const study = await createStudy(client, 's', single);
  const trial = await oneTrial(client, study.name, 'a');
  const stream = new ReportStream(client);
  stream.sendBytes(Buffer.alloc(11, 0xff));
  const measurement = new BinaryWriter().uint32(8).int64('9007199254740993').finish();
  const request = new BinaryWriter()
    .uint32(8)
    .int64(5)
    .uint32(18)
    .string(trial.name)
    .uint32(34)
    .bytes(measurement);
  stream.sendBytes(Buffer.from(request.finish()));
  stream.report(6, trial, 1, 0.5);
  assert.deepEqual(refusedBy(await stream.next()), [0, 'INVALID_ARGUMENT', 'INVALID_FIELD', 'request']);
  assert.deepEqual(refusedBy(await stream.next()), [
    5,
    'INVALID_ARGUMENT',
    'INVALID_FIELD',
    'measurement.step',
  ]);
  assert.deepEqual(told(await stream.next()), [6, until9]);
});

test('STOP comes unasked to the stream on which the trial reports', async (t) => {
  const { client } = await startTestServer(t);
  const study = await createStudy(client, 's', single);
  const trials = await Promise.all(['a', 'b', 'c'].map((name) => oneTrial(client, study.name, name)));
  const [first, second, third] = trials as [(typeof trials)[0], (typeof trials)[0], (typeof trials)[0]];
  const stream = new ReportStream(client);
  const other = new ReportStream(client);
  stream.report(1, first, 1, 0.5);
  stream.report(2, second, 1, 0.5);
  other.report(1, third, 1, 0.5);
  await stream.take(2);
  await other.next();
  await client.stopTrial({ name: first.name });
  const stop = { kind: Kind.STOP, until: 0 };
  assert.deepEqual(await stream.next(), {
    messageId: 0,
    trial: first.name,
    attempt: 1,
    directive: stop,
    error: undefined,
  });
  // It is STOPPING until its worker answers; then the stop is what the answer says.
  assert.equal((await client.getTrial({ name: first.name })).state, TrialState.STOPPING);
  stream.report(3, first, 2, 0.4);
  assert.deepEqual(told(await stream.next()), [3, stop]);
  assert.equal((await client.getTrial({ name: first.name })).state, TrialState.STOPPED);

  await client.updateStudy({ study: { name: study.name, state: StudyState.COMPLETED } });
  assert.deepEqual((await stream.next()).trial, second.name);
  assert.deepEqual((await other.next()).trial, third.name);
  other.report(2, third, 2, 0.4);
  assert.deepEqual(told(await other.next()), [2, stop]);
});

test('of two attempts on two streams the older is told ABORTED, and its stream goes on for its other trials', async (t) => {
  const { client } = await startTestServer(t);
  const study = await createStudy(client, 's', single);
  const older = await oneTrial(client, study.name, 'a');
  const others = await oneTrial(client, study.name, 'b');
  const first = new ReportStream(client);
  first.report(1, older, 1, 0.5);
  assert.deepEqual(told(await first.next()), [1, until9]);
  const newer = await oneTrial(client, study.name, 'a');
  assert.deepEqual([newer.id, newer.assignment!.attempt], [older.id, 2]);
  const second = new ReportStream(client);
  second.report(1, newer, 1, 0.4);
  first.report(2, older, 2, 0.3);
  first.report(3, others, 1, 0.3);
  assert.deepEqual(told(await second.next()), [1, until9]);
  assert.deepEqual(refusedBy(await first.next()), [2, 'ABORTED', 'STALE_ATTEMPT']);
  assert.deepEqual(told(await first.next()), [3, until9]);
  const { measurements } = await client.listMeasurements({ parent: older.name, showSuperseded: true });
  assert.deepEqual(
    measurements.map(({ attempt, step, superseded }) => [attempt, step, superseded]),
    [
      [1, 1, true],
      [2, 1, false],
    ],
  );
});
