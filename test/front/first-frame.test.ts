import assert from 'node:assert/strict';
import { test } from 'node:test';
import { judge } from '../../server/front/first-frame.js';
import { frame, FrameType, settingsFrame } from '../bench/http2-frames.js';

const preface = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');

test('the preface and SETTINGS, empty or not, speak HTTP/2; each part of them leaves it open', () => {
  for (const settings of [
    new Map<number, number>(),
    new Map([
      [4, 65_535],
      [2, 0],
    ]),
  ]) {
    const whole = Buffer.concat([preface, settingsFrame(settings)]);
    for (let length = 0; length < whole.length; length++)
      assert.equal(judge(whole.subarray(0, length)), 'more', `${length} bytes`);
    assert.equal(judge(whole), 'speaks');
    assert.equal(judge(Buffer.concat([whole, Buffer.from('whatever follows')])), 'speaks');
  }
});

test('what is anything else is known for it at its first wrong byte', () => {
  for (const text of ['G', 'GET / HTTP/1.1\r\n', 'PRI * HTTP/2.1', '\x16\x03\x01'])
    assert.equal(judge(Buffer.from(text, 'latin1')), 'does not', text);
  const header = (type: number, length: number) => {
    const bytes = frame(type, 0, 0, Buffer.alloc(0));
    bytes.writeUIntBE(length, 0, 3);
    return Buffer.concat([preface, bytes]);
  };
  assert.equal(judge(header(FrameType.ping, 8)), 'does not', 'another frame comes first');
  assert.equal(judge(header(FrameType.settings, 0xffffff)), 'does not', 'nobody has so many settings');
});
