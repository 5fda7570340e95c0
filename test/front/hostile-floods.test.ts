/**
 * Peers that send more than is decent: the process lives, other clients are served
 * meanwhile, and memory is bounded and comes back.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Flag, frame, FrameType, settingsFrame, windowUpdateFrame } from '../bench/http2-frames.js';
import { AttackedServer } from './attacked-server.js';
import { preface, RawPeer } from './raw-peer.js';

const none = Buffer.alloc(0);
const unaryPath = '/wazir.v1.StudyService/ListStudies';
const watchPath = '/wazir.v1.StudyService/WatchStudy';
const streamPath = '/wazir.v1.MeasurementService/StreamMeasurements';
const continuation = 9;
const priority = 2;
const mostGrownMiB = 100;

/** Sends a chunk again and again, until so many were sent or the server has had enough; others are served meanwhile. */
async function flood(
  server: AttackedServer,
  peer: RawPeer,
  count: number,
  chunk: (i: number) => Uint8Array,
): Promise<number> {
  let sent = 0;
  const sending = (async () => {
    while (sent < count && !peer.isGone) await peer.sendAll(chunk(sent++));
  })();
  let isSending = true;
  void sending.then(() => (isSending = false));
  while (isSending) {
    await Promise.race([sending, server.serves()]);
    assert.ok(server.grownMiB < 400, `grown by ${server.grownMiB} MiB meanwhile`);
  }
  return sent;
}

const repeated = (bytes: Uint8Array, times: number) =>
  Buffer.concat(new Array<Uint8Array>(times).fill(bytes));

const mostCalls = 500;

test('floods', async (t) => {
  const server = await AttackedServer.start(t, '--max-calls-per-connection', String(mostCalls));
  const greeted = () => RawPeer.greeted(t, server.address);

  for (const [name, bytes] of Object.entries({
    SETTINGS: settingsFrame(new Map([[4, 65_535]])),
    PING: frame(FrameType.ping, 0, 0, Buffer.alloc(8)),
    PRIORITY: frame(priority, 0, 1, Buffer.from([0, 0, 0, 0, 1])),
    'connection WINDOW_UPDATE': windowUpdateFrame(0, 1),
    unknown: frame(0xbe, 0, 0, Buffer.alloc(64)),
  }))
    for (const reads of [true, false])
      await t.test(
        `a flood of ${name} frames by a peer that ${reads ? 'reads' : 'does not read'}`,
        async (t) => {
          const peer = await greeted();
          if (!reads) peer.socket.pause();
          const sent = await flood(server, peer, 20, () => repeated(bytes, 1000));
          t.diagnostic(`${sent * 1000} frames, ${peer.isGone ? 'cut off' : 'let live'}`);
          peer.socket.destroy();
          await server.isWell(t, mostGrownMiB);
        },
      );

  await t.test('rapid reset: ten thousand calls, each cancelled as it begins', async (t) => {
    const peer = await greeted();
    let opened = 0;
    await flood(server, peer, 100, () => {
      for (let i = 0; i < 100; i++) {
        const stream = peer.open(unaryPath);
        opened++;
        peer.send(frame(FrameType.resetStream, 0, stream, Buffer.from([0, 0, 0, 8])));
      }
      return none;
    });
    t.diagnostic(`${opened} calls opened and reset`);
    await peer.isGivenUp();
    await server.isWell(t, mostGrownMiB);
  });

  await t.test('headers that never end', async (t) => {
    const peer = await greeted();
    peer.send(frame(FrameType.headers, 0, 1, Buffer.from([0x83, 0x86])));
    // A literal that is not to be indexed: x: and 1000 times a.
    const field = Buffer.concat([Buffer.from([0, 1, 0x78, 0x7f, 0xe9, 0x06]), Buffer.alloc(1000, 'a')]);
    const sent = await flood(server, peer, 2000, () => frame(continuation, 0, 1, repeated(field, 16)));
    t.diagnostic(`${sent} frames`);
    await peer.isGivenUp();
    await server.isWell(t, mostGrownMiB);
  });

  await t.test('an HPACK bomb: a large field, entered once and repeated thousands of times', async (t) => {
    const peer = await greeted();
    const large = Buffer.concat([
      Buffer.from([0x40, 1, 0x78, 0x7f, 0xe9, 0x1d]),
      Buffer.alloc(3816 + 0, 'a'),
    ]);
    // 127 + 0x69 + 0x1d * 128 = 3944 bytes; the table takes 4096 with name and overhead.
    const exact = Buffer.concat([large, Buffer.alloc(3944 - 3816, 'a')]);
    const head = Buffer.from([0x83, 0x86]);
    for (let stream = 1; stream < 400 && !peer.isGone; stream += 2) {
      const block =
        stream === 1 ? Buffer.concat([head, exact]) : Buffer.concat([head, Buffer.alloc(16_000, 0x80 | 62)]);
      await peer.sendAll(frame(FrameType.headers, Flag.endHeaders, stream, block));
    }
    await server.serves();
    peer.socket.destroy();
    await server.isWell(t, mostGrownMiB);
  });

  await t.test('windows that overflow end the connection, which is let go', async () => {
    // CVE-2026-21714: sessions whose windows had overflowed were kept.
    for (let i = 0; i < 100; i++) {
      const peer = await RawPeer.connect(t, server.address);
      const overflow = [windowUpdateFrame(0, 0x7fffffff), windowUpdateFrame(0, 0x7fffffff)];
      peer.send(preface, settingsFrame(new Map()), ...overflow);
      await peer.isGivenUp();
    }
    const other = await greeted();
    const stream = other.open(watchPath);
    other.send(windowUpdateFrame(stream, 0x7fffffff), windowUpdateFrame(stream, 0x7fffffff));
    await other.isGivenUp();
    await server.isWell(t, mostGrownMiB);
  });

  await t.test('a connection with more calls than it was told it may have is ended', async () => {
    const peer = await greeted();
    const settings = await peer.until(({ type, flags }) => type === FrameType.settings && flags === 0);
    const limits = new Map<number, number>();
    for (let at = 0; at < settings.payload.length; at += 6)
      limits.set(settings.payload.readUInt16BE(at), settings.payload.readUInt32BE(at + 2));
    assert.equal(limits.get(3), mostCalls, 'SETTINGS_MAX_CONCURRENT_STREAMS');
    for (let i = 0; i < mostCalls; i++) peer.open(streamPath);
    await peer.ping();
    peer.open(streamPath);
    await peer.isGivenUp();
    await server.isWell(t, mostGrownMiB);
  });

  await t.test('half a frame, half a message and a call without a request hold nobody up', async (t) => {
    const half = await greeted();
    half.send(Buffer.from([0, 0x3f, 0xff, FrameType.headers, 4, 0, 0, 0, 1, 0x83]));
    const peer = await RawPeer.greeted(t, server.address);
    for (let i = 0; i < 200; i++) {
      const stream = peer.open(unaryPath);
      // A megabyte is announced, and a kilobyte comes.
      const start = Buffer.concat([Buffer.from([0, 0, 0x10, 0, 0]), Buffer.alloc(1000)]);
      if (i % 2) peer.send(frame(FrameType.data, 0, stream, start));
    }
    await peer.ping();
    await server.isWell(t, mostGrownMiB);
    const before = server.openFiles;
    peer.socket.destroy();
    half.socket.destroy();
    while (server.openFiles > before - 2) await server.serves();
  });

  await t.test('empty DATA frames without end', async (t) => {
    const peer = await greeted();
    const stream = peer.open(streamPath);
    const sent = await flood(server, peer, 200, () => repeated(frame(FrameType.data, 0, stream, none), 500));
    t.diagnostic(`${sent * 500} frames, ${peer.isGone ? 'cut off' : 'let live'}`);
    peer.socket.destroy();
    await server.isWell(t, mostGrownMiB);
  });
});
