import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { Server, ServerCredentials, status, type ServiceDefinition } from '@grpc/grpc-js';
import { messageFrame } from './http2-frames.js';
import { drive, type Load } from './load.js';

const bytes = (value: Buffer) => value;
const method = {
  requestSerialize: bytes,
  requestDeserialize: bytes,
  responseSerialize: bytes,
  responseDeserialize: bytes,
};
const service = {
  unary: { path: '/test.Bytes/Unary', requestStream: false, responseStream: false, ...method },
  stream: { path: '/test.Bytes/Stream', requestStream: true, responseStream: true, ...method },
} satisfies ServiceDefinition;

/** Requests whose first byte this is are refused. */
const refused = 0xff;

describe('drive', () => {
  const server = new Server();
  let port = 0;
  const seen: Buffer[] = [];

  before(async () => {
    server.addService(service, {
      unary(call: { request: Buffer }, callback: (error: object | null, answer?: Buffer) => void) {
        seen.push(call.request);
        if (call.request[0] === refused) callback({ code: status.ABORTED, details: 'refused' });
        else callback(null, call.request);
      },
      stream(call: NodeJS.ReadWriteStream) {
        call.on('data', (request: Buffer) => {
          if (request[0] === refused) call.end();
          else call.write(request);
        });
        call.on('end', () => call.end());
        // Slow to begin: who sends more than was granted is found out.
        call.pause();
        setTimeout(() => call.resume(), 50);
      },
    });
    port = await new Promise<number>((resolve, reject) => {
      server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) =>
        error ? reject(error) : resolve(bound),
      );
    });
  });
  after(() => server.forceShutdown());

  /** Lanes of requests, each a text of its lane and place, followed by a filling. */
  const lanes = (count: number, length: number, filling: number) =>
    Array.from({ length: count }, (_, lane) =>
      Array.from({ length }, (_, i) =>
        messageFrame(Buffer.concat([Buffer.from(`${lane}/${i} `), Buffer.alloc(filling)])),
      ),
    );
  const load = (given: Partial<Load>): Load => ({
    path: service.unary.path,
    connections: 1,
    lanes: lanes(8, 5, 10),
    check: () => undefined,
    ...given,
  });

  it('sends every unary request once, those of a lane in order', async () => {
    seen.length = 0;
    let answers = 0;
    const { ms, answer, latencies } = await drive(port, load({ connections: 3, check: () => answers++ }));
    assert.ok(ms > 0);
    assert.equal(latencies.length, 40);
    assert.ok(latencies.every((latency) => 0 < latency && latency <= ms));
    assert.match(answer.toString(), /^\d\/4 /);
    assert.equal(answers, 40);
    const texts = seen.map((request) => request.toString().split(' ')[0]!);
    assert.equal(new Set(texts).size, 40);
    for (let lane = 0; lane < 8; lane++)
      assert.deepEqual(
        texts.filter((text) => text.startsWith(`${lane}/`)),
        [0, 1, 2, 3, 4].map((i) => `${lane}/${i}`),
      );
  });

  it('keeps to the flow control of the server: far more bytes than its windows, on one stream', async () => {
    let received = 0;
    await drive(
      port,
      load({
        path: service.stream.path,
        lanes: lanes(2, 200, 15_000),
        streaming: { unanswered: 100 },
        check: (answer) => (received += answer.length),
      }),
    );
    assert.ok(received > 2 * 200 * 15_000);
  });

  it('rejects where a call fails', async () => {
    const bad = [messageFrame(Buffer.from([1])), messageFrame(Buffer.from([refused]))];
    await assert.rejects(drive(port, load({ lanes: [bad] })), /ended with 0 answers/);
  });

  it('rejects where a stream ends early', async () => {
    const bad = [messageFrame(Buffer.from([1])), messageFrame(Buffer.from([refused]))];
    await assert.rejects(
      drive(port, load({ path: service.stream.path, lanes: [bad], streaming: { unanswered: 1 } })),
      /ended after 1 answers to 2 requests/,
    );
  });

  it('rejects where the method is not there', async () => {
    await assert.rejects(drive(port, load({ path: '/test.Bytes/Missing' })), /ended with 0 answers/);
  });

  it('rejects where an answer is not as it should be', async () => {
    const check = () => {
      throw new Error('not this');
    };
    await assert.rejects(drive(port, load({ check })), /not this/);
  });
});
