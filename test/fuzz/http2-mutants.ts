/** Connections of bare bytes: HTTP/2 frames (RFC 9113) of one call, bent, shuffled, and with strangers among them. */
import { connect } from 'node:net';
import {
  address as place,
  CallHeaders,
  Flag,
  frame,
  FrameType,
  messageFrame,
  settingsFrame,
  windowUpdateFrame,
} from '../bench/http2-frames.js';
import type { Random } from './random.js';

const preface = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');
const none = Buffer.alloc(0);

function usualFrames(path: string, message: Buffer): Buffer[] {
  const small = message.subarray(0, 16_000);
  return [
    preface,
    settingsFrame(new Map([[4, 65_535]])),
    new CallHeaders('127.0.0.1', path).for(1),
    place(messageFrame(small), Flag.endStream, 1),
  ];
}

/** Frames that a peer may not send, or not so, or not so many of. */
function strange(random: Random, path: string): Buffer[] {
  const many = (count: number, make: (i: number) => Buffer) =>
    Array.from({ length: count }, (_, i) => make(i));
  const stream = random.pick([0, 1, 2, 3, 5, 2 ** 31 - 1]);
  const headers = new CallHeaders('127.0.0.1', path);
  switch (random.below(16)) {
    case 0:
      return many(200, () => frame(FrameType.ping, 0, 0, Buffer.alloc(8)));
    case 1:
      return many(100, (i) => settingsFrame(new Map([[3 + (i % 4), random.below(2 ** 31)]])));
    case 2:
      // Rapid reset (CVE-2023-44487).
      return many(200, (i) =>
        Buffer.concat([headers.for(3 + 2 * i), frame(FrameType.resetStream, 0, 3 + 2 * i, Buffer.alloc(4))]),
      );
    case 3:
      return [windowUpdateFrame(stream, random.pick([0, 2 ** 31 - 1]))];
    case 4:
      return [windowUpdateFrame(0, 2 ** 31 - 1), windowUpdateFrame(0, 2 ** 31 - 1)];
    case 5:
      // CONTINUATION where none belongs, or without an end.
      return many(1 + random.below(60), () => frame(9, 0, stream, random.bytes(random.below(200))));
    case 6:
      return [frame(FrameType.headers, 0, 1, none), ...many(100, () => frame(9, 0, 1, none))];
    case 7:
      return [frame(2, 0, 1, Buffer.from([0, 0, 0, 1, 16]))];
    case 8:
      return [frame(5, Flag.endHeaders, 1, Buffer.concat([Buffer.from([0, 0, 0, 2]), random.bytes(20)]))];
    case 9:
      return [frame(FrameType.goAway, 0, 0, random.bytes(random.below(16)))];
    case 10:
      return [frame(10 + random.below(240), random.below(256), stream, random.bytes(random.below(100)))];
    case 11:
      return [
        frame(
          FrameType.data,
          Flag.padded | random.below(2),
          1,
          Buffer.concat([Buffer.from([255]), random.bytes(9)]),
        ),
      ];
    case 12:
      return [frame(FrameType.headers, Flag.endHeaders, 3, random.bytes(1 + random.below(300)))];
    case 13:
      return [frame(FrameType.settings, random.below(2), stream, random.bytes(random.below(20)))];
    case 14:
      // Fields as large as they come: 4 KiB each, literal, many.
      return many(20, (i) =>
        frame(
          i === 0 ? FrameType.headers : 9,
          i === 19 ? Flag.endHeaders : 0,
          5,
          Buffer.concat([Buffer.from([0, 1, 0x78, 0x7f, 0x81, 0x1f]), Buffer.alloc(4096, 0x61)]),
        ),
      );
    default:
      return [frame(FrameType.resetStream, 0, stream, random.bytes(random.pick([0, 4, 5])))];
  }
}

/** The bytes of one connection. */
export function mutantConnection(path: string, message: Buffer, random: Random): Buffer {
  const frames = usualFrames(path, message);
  for (let i = 0; i <= random.below(3); i++) {
    const at = random.below(frames.length + 1);
    switch (random.below(6)) {
      case 0:
        frames.splice(at, 0, ...strange(random, path));
        break;
      case 1:
        frames.splice(random.below(frames.length), 1);
        break;
      case 2:
        if (frames.length > 0) frames.splice(at, 0, random.pick(frames));
        break;
      case 3:
        frames.push(...strange(random, path));
        break;
      case 4:
        if (frames.length > 0) bend(frames, random);
        break;
      default:
        frames.push(random.bytes(random.below(64)));
    }
  }
  const bytes = Buffer.concat(frames);
  return random.chance(20) ? bytes.subarray(0, random.below(bytes.length + 1)) : bytes;
}

function bend(frames: Buffer[], random: Random): void {
  const at = random.below(frames.length);
  const copy = Buffer.from(frames[at]!);
  // Mostly in the nine bytes of the frame's header: its length, type, flags and stream.
  const place = random.chance(60) ? random.below(Math.min(9, copy.length)) : random.below(copy.length);
  copy[place] = random.chance(50) ? random.below(256) : copy[place]! ^ (1 << random.below(8));
  frames[at] = copy;
}

/** Sends the bytes, in pieces, reads whatever comes, and hangs up: at once, or when the server falls silent. */
export async function sendBytes(port: number, bytes: Buffer, random: Random): Promise<void> {
  const socket = connect(port, '127.0.0.1');
  socket.on('error', () => undefined);
  const isImpatient = random.chance(30);
  const cuts = Array.from({ length: random.below(4) }, () => random.below(bytes.length + 1)).sort(
    (a, b) => a - b,
  );
  await new Promise<void>((resolve) => {
    socket.once('close', () => resolve());
    socket.setTimeout(100, () => socket.destroy());
    socket.on('data', () => isImpatient && socket.destroy());
    socket.once('connect', () => {
      let from = 0;
      for (const cut of [...cuts, bytes.length]) {
        socket.write(bytes.subarray(from, cut));
        from = cut;
      }
    });
  });
}
