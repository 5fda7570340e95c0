/** What is wrong below the messages: bytes, frames, sizes, deadlines. */
import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { deflateSync, gzipSync } from 'node:zlib';
import { BinaryWriter } from '@bufbuild/protobuf/wire';
import { BadRequest } from '../../server/gen/google/rpc/error_details.js';
import { Status } from '../../server/gen/google/rpc/status.js';
import { GetStudyRequest, Study } from '../../server/gen/wazir/v1/study.js';
import { FakeClock } from '../engine/fake-clock.js';
import { startTestServer, storeDigest, type TestServer } from '../app/test-server.js';
import { frame, RawConnection, type RawAnswer } from './raw-call.js';
import { refused, refusedWith } from './refusal.js';
import { createStudy, oneTrial, owner, synchronous } from './study-requests.js';

const study = `${owner}/studies/here`;
const getStudy = '/wazir.v1.StudyService/GetStudy';
const report = '/wazir.v1.MeasurementService/ReportMeasurement';
const request = GetStudyRequest.encode({ name: study }).finish();

async function prepare(t: TestContext): Promise<TestServer & { raw: RawConnection }> {
  const server = await startTestServer(t);
  await createStudy(server.client, 'here');
  const raw = new RawConnection(server.address);
  t.after(() => raw.close());
  return { ...server, raw };
}

function fieldsOf({ details }: RawAnswer): string[] {
  const found = Status.decode(details!).details.find(({ typeUrl }) => typeUrl.endsWith('.BadRequest'));
  return BadRequest.decode(found!.value).fieldViolations.map(({ field }) => field);
}

/** The connection on which something bad was sent still serves, and so does the server. */
async function stillServes({
  client,
  raw,
}: {
  client: TestServer['client'];
  raw: RawConnection;
}): Promise<void> {
  const answer = await raw.call(getStudy, { body: frame(request) });
  assert.equal(answer.code, 'OK');
  assert.equal(Study.decode(answer.body.subarray(5)).name, study);
  assert.equal((await client.getStudy({ name: study })).name, study);
}

test('integers beyond 2^53 are refused by the name of their field, not rounded', async (t) => {
  const server = await prepare(t);
  const trial = await oneTrial(server.client, study, 'worker');
  const before = await storeDigest(server.dataDir);
  const nested = (field: number, inner: BinaryWriter) => (writer: BinaryWriter) =>
    writer.uint32((field << 3) | 2).bytes(inner.finish());
  for (const step of ['9007199254740992', '9223372036854775807', '-9007199254740992']) {
    const measurement = new BinaryWriter().uint32(8).int64(step);
    const writer = new BinaryWriter().uint32(10).string(trial.name).uint32(16).int64(1);
    nested(3, measurement)(writer);
    const answer = await server.raw.call(report, { body: frame(writer.finish()) });
    assert.equal(answer.code, 'INVALID_ARGUMENT', step);
    assert.deepEqual(fieldsOf(answer), ['measurement.step']);
  }

  // CreateStudyRequest.study.spec.parameters[0].integer.max
  const integer = new BinaryWriter().uint32(8).int64(0).uint32(16).int64('9007199254740993');
  const parameter = new BinaryWriter().uint32(10).string('n');
  nested(3, integer)(parameter);
  const spec = new BinaryWriter();
  nested(1, parameter)(spec);
  const given = new BinaryWriter();
  nested(4, spec)(given);
  const create = new BinaryWriter().uint32(10).string(owner);
  nested(3, given)(create);
  const answer = await server.raw.call('/wazir.v1.StudyService/CreateStudy', {
    body: frame(create.finish()),
  });
  assert.equal(answer.code, 'INVALID_ARGUMENT');
  assert.deepEqual(fieldsOf(answer), ['study.spec.parameters[0].integer.max']);
  assert.equal(await storeDigest(server.dataDir), before);
  await stillServes(server);
});

test('bytes that are no message of the method', async (t) => {
  const server = await prepare(t);
  const before = await storeDigest(server.dataDir);
  const bad = {
    'a varint without end': Buffer.alloc(11, 0xff),
    'a field beyond the end': Buffer.from([0x0a, 0x7f, 0x41]),
    'wire type 7': Buffer.from([0x0f, 0x01]),
  };
  for (const [name, bytes] of Object.entries(bad)) {
    const answer = await server.raw.call(getStudy, { body: frame(bytes) });
    assert.equal(answer.code, 'INVALID_ARGUMENT', name);
    assert.deepEqual(fieldsOf(answer), ['request'], name);
  }
  // Seeded: every failure can be had again.
  let state = 12_345;
  const random = (below: number) => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
  for (let run = 0; run < 200; run++) {
    const bytes = Buffer.from(request);
    for (let change = 0; change <= random(4); change++) bytes[random(bytes.length)] = random(256);
    const answer = await server.raw.call(getStudy, { body: frame(bytes) });
    const expected = ['OK', 'INVALID_ARGUMENT', 'NOT_FOUND'];
    assert.ok(expected.includes(answer.code!), `run ${run}: ${answer.code} for ${bytes.toString('hex')}`);
  }
  assert.equal(await storeDigest(server.dataDir), before);
  await stillServes(server);
});

test('unknown fields are ignored', async (t) => {
  const server = await prepare(t);
  const extra = new BinaryWriter()
    .uint32((200 << 3) | 2)
    .string('from a newer client')
    .uint32(201 << 3)
    .int64(7);
  const answer = await server.raw.call(getStudy, { body: frame(Buffer.concat([request, extra.finish()])) });
  assert.equal(answer.code, 'OK');
});

test('frames: wrong flags, compression, lengths, and streams that break off', async (t) => {
  const server = await prepare(t);
  const before = await storeDigest(server.dataDir);
  const call = (body: Buffer, headers: Record<string, string> = {}) =>
    server.raw.call(getStudy, { body, headers });
  assert.equal((await call(frame(gzipSync(request), 1), { 'grpc-encoding': 'gzip' })).code, 'OK');
  assert.equal((await call(frame(deflateSync(request), 1), { 'grpc-encoding': 'deflate' })).code, 'OK');
  // The flag says compressed, the bytes are not.
  const flagged = await call(frame(request, 1), { 'grpc-encoding': 'gzip' });
  assert.equal(flagged.code, 'INTERNAL');
  // The flag says compressed, no encoding was named: that of no compression.
  assert.equal((await call(frame(request, 1))).code, 'OK');
  const unknown = await call(frame(request, 1), { 'grpc-encoding': 'snappy' });
  assert.equal(unknown.code, 'UNIMPLEMENTED');
  const none = await call(Buffer.alloc(0));
  assert.notEqual(none.code, 'OK');
  // Half a frame and then the end; half a frame and then a reset.
  assert.notEqual((await call(frame(request).subarray(0, 9))).code, 'OK');
  assert.equal(
    (await server.raw.call(getStudy, { body: frame(request).subarray(0, 9), reset: true })).code,
    undefined,
  );
  assert.notEqual((await call(Buffer.concat([frame(request), frame(request)]))).code, undefined);
  assert.equal(
    (await server.raw.call('/wazir.v1.StudyService/Fly', { body: frame(request) })).code,
    'UNIMPLEMENTED',
  );
  assert.equal(await storeDigest(server.dataDir), before);
  await stillServes(server);
});

test('a message over the receive limit', async (t) => {
  const server = await prepare(t);
  const before = await storeDigest(server.dataDir);
  const metadata = [
    { metadata: { key: 'k', value: { $case: 'text' as const, value: 'x'.repeat(5 * 2 ** 20) } } },
  ];
  const refusal = await refused(server.client.updateMetadata({ name: study, updates: metadata }));
  assert.equal(refusal.code, 'RESOURCE_EXHAUSTED');
  // A length that is a lie: nothing of it is waited for.
  const answer = await server.raw.call(getStudy, { body: frame(request, 0, 2 ** 31), end: false });
  assert.equal(answer.code, 'RESOURCE_EXHAUSTED');
  // Small on the wire, large once decompressed.
  const bomb = frame(gzipSync(Buffer.alloc(2 ** 26)), 1);
  assert.equal(
    (await server.raw.call(getStudy, { body: bomb, headers: { 'grpc-encoding': 'gzip' } })).code,
    'RESOURCE_EXHAUSTED',
  );
  assert.equal(await storeDigest(server.dataDir), before);
  await server.client.updateMetadata({ name: study, updates: [{ metadata: { key: 'k' } }] });
  await stillServes(server);
});

test('deadlines that have passed, and calls cancelled while they wait, leave no lease behind', async (t) => {
  const server = await startTestServer(t, { clock: new FakeClock() });
  const { client } = server;
  await createStudy(client, 'here', synchronous(9));
  const ask = { parent: study, clientId: 'late' };
  const late = await refused(client.suggestTrials(ask, { deadline: Date.now() - 1000 }));
  assert.equal(late.code, 'DEADLINE_EXCEEDED');
  const raw = new RawConnection(server.address);
  t.after(() => raw.close());
  const answer = await raw.call('/wazir.v1.StudyService/GetStudy', {
    headers: { 'grpc-timeout': 'soon' },
    body: frame(request),
  });
  assert.equal(answer.code, 'INTERNAL');

  const held = await client.suggestTrials({ parent: study, clientId: 'holder', count: 9 });
  assert.equal(held.trials.length, 9);
  const before = await storeDigest(server.dataDir);
  const leaving = new AbortController();
  const waiting = refused(
    client.suggestTrials({ parent: study, clientId: 'leaver', requestId: 'r' }, { signal: leaving.signal }),
  );
  await client.getTrial({ name: held.trials[0]!.name });
  leaving.abort();
  assert.equal((await waiting).code, 'CANCELLED');
  await client.getTrial({ name: held.trials[0]!.name });
  assert.equal(await storeDigest(server.dataDir), before);
  // The next in line gets what becomes free, not the one that has left.
  const next = client.suggestTrials({ parent: study, clientId: 'next' });
  await client.getTrial({ name: held.trials[0]!.name });
  await client.completeTrial({
    name: held.trials[0]!.name,
    attempt: 1,
    outcome: { $case: 'infeasibleReason', value: 'too big' },
  });
  const { trials } = await next;
  assert.deepEqual(
    trials.map(({ id, clientId }) => [id, clientId]),
    [[10, 'next']],
  );
  assert.equal((await client.getStudy({ name: study })).progress!.active, 9);
  await refusedWith(
    client.renewLease({ name: `${study}/trials/11`, attempt: 1 }),
    'NOT_FOUND',
    'TRIAL_NOT_FOUND',
  );
});
