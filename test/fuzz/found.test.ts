/** What mutants found, as small as it could be made. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { test } from 'node:test';
import { startServerProcess } from '../crash/server-process.js';
import { temporaryDirectory } from '../app/test-server.js';
import { CallHeaders, frame, FrameType, settingsFrame } from '../bench/http2-frames.js';
import { owner } from '../rpc/study-requests.js';
import { TestClient } from '../test-client.js';

const preface = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');
const reset = (stream: number) => frame(FrameType.resetStream, 0, stream, Buffer.from([0, 0, 0, 8]));
const badFrame = frame(FrameType.settings, 0, 1, Buffer.alloc(0));

/** Calls of an unknown method, and of what is no gRPC, that are gone before they are looked at. */
const gone = {
  'an unknown method, reset at once': [
    new CallHeaders('127.0.0.1', '/wazir.v1.StudyService/Fly').for(1),
    reset(1),
  ],
  'an unknown method on a connection that breaks': [
    new CallHeaders('127.0.0.1', '/nowhere').for(1),
    badFrame,
  ],
  'a known method, reset at once': [
    new CallHeaders('127.0.0.1', '/wazir.v1.StudyService/GetStudy').for(1),
    reset(1),
  ],
  'a known method on a connection that breaks': [
    new CallHeaders('127.0.0.1', '/wazir.v1.StudyService/WatchStudy').for(1),
    badFrame,
  ],
  'no gRPC, reset at once': [noGrpc('/wazir.v1.StudyService/GetStudy'), reset(1)],
};

/** HEADERS of a request with no content type. */
function noGrpc(path: string): Buffer {
  const literal = (name: string, value: string) =>
    Buffer.concat([
      Buffer.from([0, name.length]),
      Buffer.from(name),
      Buffer.from([value.length]),
      Buffer.from(value),
    ]);
  const fields = [Buffer.from([0x83, 0x86]), literal(':path', path), literal(':authority', 'x')];
  return frame(FrameType.headers, 4, 1, Buffer.concat(fields));
}

test('calls that are gone before they are looked at do not end the server', async (t) => {
  const server = await startServerProcess(await temporaryDirectory(t));
  t.after(() => server.kill());
  const client = new TestClient(server.address);
  t.after(() => client.close());
  for (const [name, frames] of Object.entries(gone)) {
    const socket = connect(Number(server.address.split(':').at(-1)), '127.0.0.1');
    socket.on('error', () => undefined);
    socket.resume();
    await once(socket, 'connect');
    socket.write(Buffer.concat([preface, settingsFrame(new Map()), ...frames]));
    assert.deepEqual((await client.listStudies({ parent: owner })).studies, [], `after ${name}`);
    socket.destroy();
    await client.listStudies({ parent: owner });
    assert.equal(server.errors(), '', name);
  }
});
