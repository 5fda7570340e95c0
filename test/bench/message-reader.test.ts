import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FrameReader } from './frame-reader.js';
import { Flag, frame, frameHeaderBytes, FrameType, messageFrame } from './http2-frames.js';
import { MessageReader } from './message-reader.js';

const texts = ['', 'a', 'some text', 'x'.repeat(300)];

test('messages are found however their bytes are cut', () => {
  const bytes = Buffer.concat(
    texts.map((text) => messageFrame(Buffer.from(text)).subarray(frameHeaderBytes)),
  );
  for (let size = 1; size <= bytes.length; size++) {
    const found: string[] = [];
    const reader = new MessageReader((message) => found.push(message.toString()));
    for (let at = 0; at < bytes.length; at += size) reader.take(bytes.subarray(at, at + size));
    assert.deepEqual(found, texts, `in pieces of ${size} bytes`);
  }
});

test('frames are found however their bytes are cut', () => {
  const frames = texts.map((text, i) => frame(FrameType.headers, Flag.endHeaders, i + 1, Buffer.from(text)));
  const bytes = Buffer.concat(frames);
  for (let size = 1; size <= bytes.length; size++) {
    const found: string[] = [];
    const reader = new FrameReader((type, flags, stream, payload) => {
      assert.deepEqual([type, flags], [FrameType.headers, Flag.endHeaders]);
      found[stream - 1] = payload.toString();
    });
    for (let at = 0; at < bytes.length; at += size) reader.take(bytes.subarray(at, at + size));
    assert.deepEqual(found, texts, `in pieces of ${size} bytes`);
  }
});

test('a compressed message is refused', () => {
  const reader = new MessageReader(() => undefined);
  assert.throws(() => reader.take(Buffer.from([1, 0, 0, 0, 0])), /compressed/);
});
