/**
 * Peers that ask and do not read what they are told: what waits for them is bounded,
 * and others are served.
 */
import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import type { Trial } from '../../server/gen/wazir/v1/trial.js';
import { ListTrialsRequest } from '../../server/gen/wazir/v1/trial.js';
import { StreamMeasurementsRequest } from '../../server/gen/wazir/v1/measurement.js';
import { WatchStudyRequest } from '../../server/gen/wazir/v1/study.js';
import { Flag, frame, FrameType, windowUpdateFrame } from '../bench/http2-frames.js';
import { createStudy, owner, reportOf } from '../rpc/study-requests.js';
import { AttackedServer } from './attacked-server.js';
import { RawPeer } from './raw-peer.js';

const study = `${owner}/studies/s`;
const watchPath = '/wazir.v1.StudyService/WatchStudy';
const listPath = '/wazir.v1.TrialService/ListTrials';
const streamPath = '/wazir.v1.MeasurementService/StreamMeasurements';
const initialWindowSize = 4;
const largeText = 'x'.repeat(200_000);

function request(message: Uint8Array): Buffer {
  const prefix = Buffer.alloc(5);
  prefix.writeUInt32BE(message.length, 1);
  return Buffer.concat([prefix, message]);
}

/** A peer that takes no DATA on its streams, though it reads its connection. */
const zeroWindow = (t: TestContext, server: AttackedServer) =>
  RawPeer.greeted(t, server.address, new Map([[initialWindowSize, 0]]));

/** A study with trials of 200 kB each. */
async function largeTrials({ client }: AttackedServer, count: number): Promise<Trial[]> {
  await createStudy(client, 's', { resource: { name: 'step', min: 1_000_000, max: 1_000_000 } });
  const trials: Trial[] = [];
  for (let i = 0; i < count; i += 10) {
    const asked = await client.suggestTrials({ parent: study, clientId: `worker-${i}`, count: 10 });
    const updates = asked.trials.map(({ id }) => ({
      trial: id,
      metadata: { key: 'k', value: { $case: 'text' as const, value: largeText } },
    }));
    await client.updateMetadata({ name: study, updates });
    trials.push(...asked.trials);
  }
  return trials;
}

// Releases of Node differ by a hundred in how much garbage they let lie; what is unbounded comes near 500 and goes on.
const mostGrownMiB = 400;

test('watchers that never read cost a bounded amount, and others see everything', async (t) => {
  const server = await AttackedServer.start(t);
  const trials = await largeTrials(server, 100);
  const message = WatchStudyRequest.fromPartial({ name: study });
  for (let i = 0; i < 10; i++) {
    const peer = await zeroWindow(t, server);
    for (let k = 0; k < 10; k++) {
      const stream = peer.open(watchPath);
      peer.send(
        frame(FrameType.data, Flag.endStream, stream, request(WatchStudyRequest.encode(message).finish())),
      );
    }
    await peer.ping();
  }
  const { responses, stop } = server.client.watch({ name: study, afterSequence: 0 });
  t.after(stop);
  const seen = new Map<number, number>();
  const last = 20;
  const reading = (async () => {
    for await (const { record } of responses) {
      if (record?.$case === 'trial') seen.set(record.value.id, record.value.lastStep);
      if (trials.every(({ id }) => seen.get(id) === last)) return;
    }
  })();
  for (let step = 1; step <= last; step++)
    await Promise.all(trials.map((trial) => server.client.reportMeasurement(reportOf(trial, step, step))));
  await reading;
  // A hundred watchers, for whom a few messages each wait; all trials, or sixteen messages, would be more.
  await server.isWell(t, mostGrownMiB);
});

test('lists that are not read are bounded by the page', async (t) => {
  const server = await AttackedServer.start(t);
  await largeTrials(server, 100);
  const message = ListTrialsRequest.encode(
    ListTrialsRequest.fromPartial({ parent: study, pageSize: 1000 }),
  ).finish();
  const peers: RawPeer[] = [];
  for (let i = 0; i < 4; i++) {
    const peer = await zeroWindow(t, server);
    for (let k = 0; k < 10; k++)
      peer.send(frame(FrameType.data, Flag.endStream, peer.open(listPath), request(message)));
    await peer.ping();
    peers.push(peer);
  }
  await server.serves();
  t.diagnostic(`40 pages of 2 MiB: grown by ${server.grownMiB} MiB`);
  // Two copies, of those pages that are made while the others wait.
  assert.ok(server.grownMiB < mostGrownMiB);
  // The first window brings what there is of the page.
  peers[0]!.send(windowUpdateFrame(1, 1_000_000), windowUpdateFrame(0, 1_000_000));
  await peers[0]!.until(({ type, stream }) => type === FrameType.data && stream === 1);
  for (const peer of peers) peer.socket.destroy();
  await server.isWell(t, mostGrownMiB);
});

test('a measurement stream whose answers are not read is not read from', async (t) => {
  const server = await AttackedServer.start(t);
  const [trial] = await largeTrials(server, 10);
  const peer = await zeroWindow(t, server);
  const stream = peer.open(streamPath);
  let sent = 0;
  let acknowledged = 65_535;
  for (let step = 1; ; step++) {
    const { attempt, studyUid } = trial!.assignment!;
    const measurement = {
      step,
      metrics: [
        { name: 'loss', value: 1 },
        { name: 'x'.repeat(100), value: 2 },
      ],
    };
    const message = StreamMeasurementsRequest.fromPartial({
      messageId: step,
      trial: trial!.name,
      attempt,
      studyUid,
      measurement,
    });
    const bytes = request(StreamMeasurementsRequest.encode(message).finish());
    const windows = () =>
      peer.frames
        .filter(({ type, stream: its }) => type === FrameType.windowUpdate && its === stream)
        .reduce((sum, { payload }) => sum + payload.readUInt32BE(), 65_535);
    acknowledged = windows();
    if (acknowledged - sent < bytes.length) {
      // Whatever it is ready to read, it has said so before it answers this.
      for (let i = 0; i < 20 && windows() === acknowledged; i++) await peer.ping();
      if (windows() === acknowledged) break;
      continue;
    }
    peer.send(frame(FrameType.data, 0, stream, bytes));
    sent += bytes.length;
    assert.ok(step < 20_000, 'it goes on reading');
  }
  t.diagnostic(`stopped reading after ${sent} bytes`);
  await server.isWell(t, 100);
});
