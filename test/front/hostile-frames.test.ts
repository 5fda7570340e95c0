/**
 * Faults in the framing of HTTP/2, one at a time: the call or the connection ends,
 * the process lives, and others are served. Those in the framing of gRPC are in
 * `test/rpc/bad-input-wire.test.ts`.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Flag, frame, FrameType, settingsFrame, windowUpdateFrame } from '../bench/http2-frames.js';
import { AttackedServer } from './attacked-server.js';
import { literals, RawPeer, type Frame } from './raw-peer.js';

const path = '/wazir.v1.StudyService/ListStudies';
const none = Buffer.alloc(0);
const pushPromise = 5;
const continuation = 9;
const head = { ':path': path, ':authority': 'test', 'content-type': 'application/grpc', te: 'trailers' };

/** A message as gRPC frames it. */
function message(bytes: Uint8Array): Buffer {
  const prefix = Buffer.alloc(5);
  prefix.writeUInt32BE(bytes.length, 1);
  return Buffer.concat([prefix, bytes]);
}

const connectionFaults: Readonly<Record<string, (peer: RawPeer) => void>> = {
  'a frame longer than the largest': (peer) => peer.send(frame(FrameType.data, 0, 1, Buffer.alloc(16_385))),
  'DATA on stream 0': (peer) => peer.send(frame(FrameType.data, 0, 0, none)),
  'DATA on a stream that was never opened': (peer) => peer.send(frame(FrameType.data, 0, 9, none)),
  'HEADERS on stream 0': (peer) =>
    peer.send(frame(FrameType.headers, Flag.endHeaders, 0, Buffer.from([0x83]))),
  'HEADERS on an even stream': (peer) =>
    peer.send(frame(FrameType.headers, Flag.endHeaders, 2, literals({ ':path': path }))),
  'HPACK that points nowhere': (peer) =>
    peer.send(frame(FrameType.headers, Flag.endHeaders, 1, Buffer.from([0xff, 0xff, 0xff, 0x7f]))),
  'HPACK that is cut off': (peer) =>
    peer.send(frame(FrameType.headers, Flag.endHeaders, 1, Buffer.from([0x40, 0x7f, 0xff]))),
  'CONTINUATION that continues nothing': (peer) => peer.send(frame(continuation, Flag.endHeaders, 1, none)),
  'another frame amid headers': (peer) =>
    peer.send(
      frame(FrameType.headers, 0, 1, Buffer.from([0x83])),
      frame(FrameType.ping, 0, 0, Buffer.alloc(8)),
    ),
  'PUSH_PROMISE by a client': (peer) => peer.send(frame(pushPromise, Flag.endHeaders, 1, Buffer.alloc(4))),
  'SETTINGS of five bytes': (peer) => peer.send(frame(FrameType.settings, 0, 0, Buffer.alloc(5))),
  'SETTINGS on a stream': (peer) => peer.send(frame(FrameType.settings, 0, 1, none)),
  'a window larger than windows are': (peer) => peer.send(settingsFrame(new Map([[4, 0x80000000]]))),
  'an acknowledgement of SETTINGS with content': (peer) =>
    peer.send(frame(FrameType.settings, Flag.ack, 0, Buffer.alloc(6))),
  'PING of seven bytes': (peer) => peer.send(frame(FrameType.ping, 0, 0, Buffer.alloc(7))),
  'PING on a stream': (peer) => peer.send(frame(FrameType.ping, 0, 1, Buffer.alloc(8))),
  'WINDOW_UPDATE by nothing': (peer) => peer.send(windowUpdateFrame(0, 0)),
  'padding longer than its frame': (peer) => {
    const stream = peer.open(path);
    peer.send(frame(FrameType.data, Flag.padded, stream, Buffer.from([200, 0])));
  },
  'the client says goodbye': (peer) => peer.send(frame(FrameType.goAway, 0, 0, Buffer.alloc(8))),
};

const callFaults: Readonly<Record<string, (peer: RawPeer) => number>> = {
  'a field name in capitals': (peer) => peer.openWith({ ':path': path, 'X-Bad': '1' }),
  'a pseudo-header that is none': (peer) => peer.openWith({ ':path': path, ':bad': '1' }),
  'no path': (peer) => peer.openWith({ ':authority': 'x' }),
  'two paths': (peer) => peer.openWith({ ':path': path }, literals({ ':path': path })),
  'a pseudo-header after others': (peer) => peer.openWith({ te: 'trailers', ':path': path }),
  'fields of connections': (peer) => peer.openWith({ ':path': path, connection: 'close' }),
  'a content-length that is a lie': (peer) => {
    const stream = peer.openWith({ ...head, 'content-length': '3' });
    peer.send(frame(FrameType.data, Flag.endStream, stream, message(none)));
    return stream;
  },
  'more fields than anybody needs': (peer) => {
    const stream = peer.openWith(head, none, 0);
    const field = literals({ x: 'a'.repeat(15_000) });
    for (let i = 1; i < 12; i++)
      peer.send(frame(continuation, i === 11 ? Flag.endHeaders : 0, stream, field));
    return stream;
  },
  'no window for the stream': (peer) => {
    const stream = peer.openWith(head);
    peer.send(windowUpdateFrame(stream, 0));
    return stream;
  },
};

test('faults of framing', async (t) => {
  const server = await AttackedServer.start(t);
  for (const [name, send] of Object.entries(connectionFaults))
    await t.test(`${name}: the connection ends`, async () => {
      const peer = await RawPeer.greeted(t, server.address);
      send(peer);
      await peer.isGivenUp();
      await server.serves();
      peer.socket.destroy();
    });

  for (const [name, send] of Object.entries(callFaults))
    await t.test(`${name}: the call ends`, async () => {
      const peer = await RawPeer.greeted(t, server.address);
      const stream = send(peer);
      // Some faults Node overlooks; what is left is not gRPC, and is answered as such.
      const isItsEnd = ({ type, flags, stream: its }: Frame) =>
        its === stream &&
        (type === FrameType.resetStream || (type === FrameType.headers && (flags & Flag.endStream) !== 0));
      await Promise.race([peer.until(isItsEnd).catch(() => undefined), peer.isGivenUp()]);
      await server.serves();
      peer.socket.destroy();
    });

  await t.test('what is not gRPC is answered with 415', async () => {
    const peer = await RawPeer.greeted(t, server.address);
    const stream = peer.openWith({ ':path': path, ':authority': 'x' });
    const { payload } = await peer.until(
      ({ type, stream: its }) => type === FrameType.headers && its === stream,
    );
    // `:status` with a literal value: the eighth name of the table, and 415 as it is or in Huffman's code.
    assert.ok(
      payload.includes('415') || payload.includes(Buffer.from([0x69, 0xb7])),
      payload.toString('hex'),
    );
    await peer.ping();
    peer.socket.destroy();
  });
  await server.isWell(t, 100);
});
