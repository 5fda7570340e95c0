import assert from 'node:assert/strict';
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { startServer, type ServerOptions } from '../../server/app.js';
import { ListenError } from '../../server/front/listen-error.js';
import { createLogger } from '../../server/logger.js';
import { silent, startTestServer, temporaryDirectory } from '../app/test-server.js';
import { frame, FrameType, settingsFrame } from '../bench/http2-frames.js';
import { owner } from '../rpc/study-requests.js';
import { TestClient } from '../test-client.js';
import { preface, RawPeer } from './raw-peer.js';

const settings = settingsFrame(new Map());

test('connections beyond the limit are closed at once; those that there are, and later ones, are served', async (t) => {
  const lines: Record<string, unknown>[] = [];
  const destination = {
    write: (line: string) => void lines.push(JSON.parse(line) as Record<string, unknown>),
  };
  const logger = createLogger({ level: 'warn', destination });
  const server = await startTestServer(t, { logger, settings: { limits: { maxConnections: 4 } } });
  await server.client.listStudies({ parent: owner });
  const peers = await Promise.all([1, 2, 3].map(() => RawPeer.greeted(t, server.address)));
  for (let i = 0; i < 5; i++) {
    const over = await RawPeer.connect(t, server.address);
    over.send(preface, settings);
    await over.gone;
    assert.deepEqual(over.frames, []);
  }
  await server.client.listStudies({ parent: owner });
  await peers[0]!.ping();
  const told = lines.filter(({ msg }) => String(msg).startsWith('connections refused'));
  assert.equal(told.length, 1, 'one line a minute');
  peers[0]!.socket.destroy();
  // The server hears of the end when it does.
  for (let isIn = false; !isIn;) {
    const next = await RawPeer.connect(t, server.address);
    next.send(preface, settings);
    isIn = await Promise.race([
      next
        .until(() => true)
        .then(
          () => true,
          () => false,
        ),
      next.gone.then(() => false),
    ]);
  }
});

test('a connection that is silent, or drips, is ended in time; one that has spoken may be silent', async (t) => {
  const server = await startTestServer(t, { settings: { handshakeTimeoutMs: 400 } });
  const spoken = await RawPeer.greeted(t, server.address);
  const silentOne = await RawPeer.connect(t, server.address);
  const dripping = await RawPeer.connect(t, server.address);
  const almost = await RawPeer.connect(t, server.address);
  almost.send(preface, settings.subarray(0, 8));
  let dripped = 0;
  const words = Buffer.concat([preface, settings]);
  const drip = setInterval(() => dripping.send(words.subarray(dripped, ++dripped)), 50);
  await Promise.all([silentOne.gone, dripping.gone, almost.gone]);
  clearInterval(drip);
  assert.ok(dripped < words.length, 'it had not come to its end');
  await sleep(500);
  await spoken.ping();
});

test('a thousand connections that never speak hold up nobody, and go', async (t) => {
  const server = await startTestServer(t, {
    settings: { handshakeTimeoutMs: 3000, limits: { maxConnections: 1100 } },
  });
  const mute = await Promise.all(Array.from({ length: 1000 }, () => RawPeer.connect(t, server.address)));
  await server.client.listStudies({ parent: owner });
  await Promise.all(mute.map((peer) => peer.gone));
});

test('words of another protocol end a connection at once', async (t) => {
  const server = await startTestServer(t, { settings: { handshakeTimeoutMs: 60_000 } });
  for (const words of [
    Buffer.from('GET / HTTP/1.1\r\nHost: x\r\n\r\n'),
    Buffer.from('SSH-2.0-x\r\n'),
    Buffer.from('\x16\x03\x01\x02\x00', 'latin1'),
    Buffer.concat([preface, frame(FrameType.ping, 0, 0, Buffer.alloc(8))]),
  ]) {
    const peer = await RawPeer.connect(t, server.address);
    peer.send(words);
    await peer.gone;
  }
  await server.client.listStudies({ parent: owner });
});

test('what comes with the first words, and in any pieces, is served', async (t) => {
  const { address } = await startTestServer(t);
  const ping = frame(FrameType.ping, 0, 0, Buffer.from('pieces!!'));
  const words = Buffer.concat([preface, settingsFrame(new Map([[4, 65_535]])), ping]);
  for (const size of [1, 7, 24, 33, 38, words.length]) {
    const peer = await RawPeer.connect(t, address);
    for (let at = 0; at < words.length; at += size) {
      peer.send(words.subarray(at, at + size));
      // Else the system would join the pieces.
      if (size < words.length) await sleep(2);
    }
    const { payload } = await peer.until(({ type }) => type === FrameType.ping);
    assert.equal(payload.toString(), 'pieces!!', `${size} bytes at a time`);
  }
});

test('beyond this machine plain text is refused before anything is touched, unless it is allowed', async (t) => {
  const dataDir = join(await temporaryDirectory(t), 'data');
  const start = (options: Partial<ServerOptions>) =>
    startServer({ listen: [], dataDir, logger: silent, ...options });
  for (const address of ['0.0.0.0:0', '[::]:0', '192.0.2.1:8765'])
    await assert.rejects(start({ listen: ['127.0.0.1:0', address] }), (error: Error) => {
      assert.ok(error instanceof ListenError);
      assert.ok(error.message.includes(address) && error.message.includes('--insecure'), error.message);
      assert.ok(!error.message.includes('\n'));
      return true;
    });
  await assert.rejects(stat(dataDir), { code: 'ENOENT' });
  const open = await startTestServer(t, { listen: ['0.0.0.0:0'], settings: { insecure: true } });
  const client = new TestClient(open.address.replace('0.0.0.0', '127.0.0.1'));
  await client.listStudies({ parent: owner });
  client.close();
});

test('an address that is given twice is bound once; an unknown host and a taken port are told in a line', async (t) => {
  const first = await startTestServer(t);
  await first.stop();
  const twice = await startTestServer(t, { listen: [first.address, first.address] });
  assert.deepEqual(twice.addresses, [first.address]);
  const dataDir = await temporaryDirectory(t);
  for (const [address, problem] of [
    [first.address, 'the address is in use'],
    ['no-such-host.invalid:8765', 'the name of the host'],
    [`unix:${join(dataDir, 'none', 'socket')}`, 'directory does not exist'],
  ] as const)
    await assert.rejects(startServer({ listen: [address], dataDir, logger: silent }), (error: Error) => {
      assert.ok(error.message.includes(address) && error.message.includes(problem), error.message);
      return true;
    });
});
