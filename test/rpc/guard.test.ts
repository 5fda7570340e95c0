/** The guard keeps nothing of calls that are over, and stands before services of others too. */
import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { Server, ServerCredentials, type ServerDuplexStream } from '@grpc/grpc-js';
import { AccessSource, rereadMs } from '../../server/access/access-source.js';
import {
  Study,
  StudyServiceService,
  WatchStudyResponse,
  type WatchStudyRequest,
} from '../../server/gen/wazir/v1/study.js';
import { Guard } from '../../server/rpc/guard.js';
import { guarded } from '../../server/rpc/guard-services.js';
import { serverStream, unary } from '../../server/rpc/handler.js';
import { everyMethod } from '../access/every-method.js';
import { writeAccess } from '../access/people.js';
import { RawCaller } from '../access/raw-caller.js';
import { silent, temporaryDirectory } from '../app/test-server.js';
import { FakeClock } from '../engine/fake-clock.js';
import { TestClient } from '../test-client.js';

async function guardOf(t: TestContext) {
  const directory = await temporaryDirectory(t);
  const clock = new FakeClock();
  const path = writeAccess(directory, [{ name: 'n', role: 'admin', token: 'token' }]);
  const source = await AccessSource.open({ path, clock, logger: silent });
  t.after(() => source.close());
  let looks = 0;
  source.onLook(() => looks++);
  const withdraw = async () => {
    writeAccess(directory, 'principals: []');
    const before = looks;
    await clock.advance(rereadMs);
    while (looks === before) await setTimeout(1);
  };
  return { guard: new Guard(source), withdraw };
}

async function listen(t: TestContext, server: Server): Promise<string> {
  const port = await new Promise<number>((resolve, reject) =>
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) =>
      error ? reject(error) : resolve(bound),
    ),
  );
  t.after(() => server.forceShutdown());
  return `127.0.0.1:${port}`;
}

test('calls that are over are forgotten, however they have ended', async (t) => {
  const { guard } = await guardOf(t);
  const parts = { logger: silent, descriptors: {}, guard };
  const server = new Server();
  const peaks: number[] = [];
  server.addService(StudyServiceService, {
    getStudy: unary(parts, async (_, { signal }) => {
      assert.ok(!signal.aborted);
      peaks.push(guard.size);
      return Study.fromPartial({});
    }),
    deleteStudy: unary(parts, async (_, { signal }) => {
      assert.ok(!signal.aborted);
      throw new TypeError('a bug');
    }),
    // Asks for no signal, and costs nothing.
    listStudies: unary(parts, async () => {
      peaks.push(guard.size);
      return { studies: [], nextPageToken: '' };
    }),
    watchStudy: serverStream(parts, async function* ({ name }: WatchStudyRequest, { signal }) {
      yield WatchStudyResponse.fromPartial({ sequence: 1 });
      if (name.endsWith('/fails')) throw new TypeError('a bug');
      if (name.endsWith('/stays')) await new Promise((resolve) => signal.addEventListener('abort', resolve));
    }),
  });
  const client = new TestClient(await listen(t, server), undefined, 'token');
  t.after(() => client.close());
  const name = 'owners/a/studies/s';
  await client.getStudy({ name });
  await client.listStudies({ parent: 'owners/a' });
  assert.deepEqual(peaks, [1, 0]);
  await assert.rejects(client.deleteStudy({ name }));
  const watch = async (how: string) => {
    const { responses, stop } = client.watch({ name: `owners/a/studies/${how}` });
    for await (const _ of responses) if (how === 'stays') break;
    stop();
  };
  await watch('ends');
  await assert.rejects(watch('fails'));
  await watch('stays');
  // The last to end is told of by the client's cancellation.
  while (guard.size > 0) await setTimeout(1);
});

const reflection = '/grpc.reflection.v1.ServerReflection/ServerReflectionInfo';

test('a stream of another library’s service ends when access is withdrawn, and is forgotten when it ends by itself', async (t) => {
  const { guard, withdraw } = await guardOf(t);
  const method = everyMethod.get(reflection)!;
  const server = new Server();
  guarded(server, guard).addService(
    { serverReflectionInfo: method },
    {
      serverReflectionInfo: (call: ServerDuplexStream<object, object>) => {
        call.on('data', () => call.write({}));
        call.on('end', () => call.end());
      },
    },
  );
  const address = await listen(t, server);
  const caller = new RawCaller(address);
  t.after(() => caller.close());
  assert.equal((await caller.call(method, {}, 'Bearer wrong')).code, 'UNAUTHENTICATED');
  assert.equal(guard.size, 0);
  // Its caller cancels it after the first answer.
  assert.equal((await caller.call(method, {}, 'Bearer token')).code, 'OK');
  while (guard.size > 0) await setTimeout(1);

  const quiet = { ...method, requestSerialize: () => Buffer.alloc(0), responseStream: true };
  server.removeService({ serverReflectionInfo: method });
  guarded(server, guard).addService(
    { serverReflectionInfo: method },
    { serverReflectionInfo: (call: ServerDuplexStream<object, object>) => call.resume() },
  );
  const ended = caller.call(quiet, {}, 'Bearer token');
  while (guard.size === 0) await setTimeout(1);
  await withdraw();
  assert.equal((await ended).code, 'UNAUTHENTICATED');
  assert.equal(guard.size, 0);
});

test('what can not be guarded is not added', async (t) => {
  const { guard } = await guardOf(t);
  const method = everyMethod.get(reflection)!;
  const target = guarded(new Server(), guard);
  assert.throws(() => target.addService({ a: method }, {}), /a is not implemented/);
  const clientStream = { ...method, responseStream: false };
  assert.throws(
    () => target.addService({ a: clientStream }, { a: () => undefined }),
    /client streams can not be guarded/,
  );
});
