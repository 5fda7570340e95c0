/** Calls whose caller has gone, or whose time is up: they have no effect, and leave nothing. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ServiceDefinition } from '@grpc/grpc-js';
import { MeasurementServiceService } from '../../server/gen/wazir/v1/measurement.js';
import { StudyServiceService } from '../../server/gen/wazir/v1/study.js';
import {
  CreateTrialRequest,
  SuggestTrialsRequest,
  TrialServiceService,
} from '../../server/gen/wazir/v1/trial.js';
import { startTestServer, storeDigest } from '../app/test-server.js';
import { Flag, frame, FrameType } from '../bench/http2-frames.js';
import { frame as message, RawConnection } from '../rpc/raw-call.js';
import { createStudy, oneTrial, owner, reportOf, synchronous } from '../rpc/study-requests.js';
import { RawPeer } from './raw-peer.js';

const study = `${owner}/studies/s`;
const services: readonly ServiceDefinition[] = [
  StudyServiceService,
  TrialServiceService,
  MeasurementServiceService,
];
const unaryPaths = services.flatMap((service) =>
  Object.values(service).flatMap(({ path, requestStream, responseStream }) =>
    requestStream || responseStream ? [] : [path],
  ),
);

test('a deadline that has passed when the call comes: no method looks at it any more', async (t) => {
  const server = await startTestServer(t);
  await createStudy(server.client, 's');
  const before = await storeDigest(server.dataDir);
  const raw = new RawConnection(server.address);
  t.after(() => raw.close());
  const late = { 'grpc-timeout': '1n' };
  assert.ok(unaryPaths.length >= 18);
  for (const path of unaryPaths) {
    // An empty request would be INVALID_ARGUMENT to most.
    const { code } = await raw.call(path, { headers: late, body: message(Buffer.alloc(0)) });
    assert.equal(code, 'DEADLINE_EXCEEDED', path);
  }
  const ask = SuggestTrialsRequest.fromPartial({ parent: study, clientId: 'late', requestId: 'r' });
  const create = CreateTrialRequest.fromPartial({
    parent: study,
    trial: { parameters: [{ name: 'x', value: { kind: { $case: 'doubleValue', value: 0.5 } } }] },
  });
  for (const [path, body] of [
    [TrialServiceService.suggestTrials.path, SuggestTrialsRequest.encode(ask).finish()],
    [TrialServiceService.createTrial.path, CreateTrialRequest.encode(create).finish()],
  ] as const)
    assert.equal((await raw.call(path, { headers: late, body: message(body) })).code, 'DEADLINE_EXCEEDED');
  assert.equal(await storeDigest(server.dataDir), before);
});

test('calls of every kind that are cut off in the middle leave neither lease nor timer nor listener', async (t) => {
  const server = await startTestServer(t, { settings: { limits: { maxWaiters: 20, maxStreams: 20 } } });
  const { client, address } = server;
  await createStudy(client, 's', synchronous(9));
  const trial = await oneTrial(client, study, 'holder');
  await client.suggestTrials({ parent: study, clientId: 'others', count: 8 });
  const timers = () => process.getActiveResourcesInfo().filter((what) => what === 'Timeout').length;
  const ask = SuggestTrialsRequest.encode(
    SuggestTrialsRequest.fromPartial({ parent: study, clientId: 'waits' }),
  ).finish();
  const bodies: Readonly<Record<string, Uint8Array>> = {
    [TrialServiceService.suggestTrials.path]: ask,
    [TrialServiceService.listTrials.path]: Buffer.concat([
      Buffer.from([10, study.length]),
      Buffer.from(study),
    ]),
    [StudyServiceService.watchStudy.path]: Buffer.concat([
      Buffer.from([10, study.length]),
      Buffer.from(study),
    ]),
  };
  // The limits of waiters and streams would be reached if one were left behind each time.
  let timersBefore = 0;
  for (let round = 0; round < 6; round++) {
    const peer = await RawPeer.greeted(t, address);
    for (let i = 0; i < 5; i++) {
      for (const [path, body] of Object.entries(bodies))
        peer.send(frame(FrameType.data, Flag.endStream, peer.open(path), message(body)));
      peer.open(MeasurementServiceService.streamMeasurements.path);
      peer.open(TrialServiceService.getTrial.path);
    }
    await peer.ping();
    await client.getTrial({ name: trial.name });
    if (round % 2) peer.socket.destroy();
    else {
      for (let stream = 1; stream < 50; stream += 2)
        peer.send(frame(FrameType.resetStream, 0, stream, Buffer.from([0, 0, 0, 8])));
      await peer.ping();
      peer.socket.destroy();
    }
    await peer.gone;
    await client.getTrial({ name: trial.name });
    if (round === 1) timersBefore = timers();
  }
  assert.ok(timers() <= timersBefore + 2, `${timersBefore} timers, then ${timers()}`);
  // What becomes free now goes to who is still there, not to one of those that left.
  const waiting = client.suggestTrials({ parent: study, clientId: 'stays' });
  await client.releaseTrial({ name: trial.name, attempt: 1 });
  const { trials } = await waiting;
  assert.deepEqual(
    trials.map(({ id, assignment }) => [id, assignment!.attempt]),
    [[trial.id, 2]],
  );
  await client.reportMeasurement(reportOf(trials[0]!, 1, 0.5));
});
