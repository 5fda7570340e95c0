/** The wrapper around handlers, on a gRPC server of its own. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test, type TestContext } from 'node:test';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { Server, ServerCredentials, type UntypedServiceImplementation } from '@grpc/grpc-js';
import {
  StudyServiceService,
  WatchStudyRequest,
  WatchStudyResponse,
} from '../../server/gen/wazir/v1/study.js';
import { createLogger } from '../../server/logger.js';
import { Guard } from '../../server/rpc/guard.js';
import { serverStream, unary, type CallContext } from '../../server/rpc/handler.js';
import { TestClient } from '../test-client.js';
import { refused } from './refusal.js';

type Lines = Record<string, unknown>[];

function parts(lines: Lines = []) {
  const destination = { write: (line: string) => void lines.push(JSON.parse(line) as Lines[number]) };
  return { logger: createLogger({ level: 'debug', destination }), descriptors: {}, guard: new Guard() };
}

async function serve(t: TestContext, implementation: UntypedServiceImplementation): Promise<TestClient> {
  const server = new Server();
  server.addService(StudyServiceService, implementation);
  const port = await new Promise<number>((resolve, reject) =>
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) =>
      error ? reject(error) : resolve(bound),
    ),
  );
  const client = new TestClient(`127.0.0.1:${port}`);
  t.after(() => {
    client.close();
    server.forceShutdown();
  });
  return client;
}

const none: WatchStudyResponse = { sequence: 1, record: undefined, caughtUp: false };

test('a bug in a handler ends its call as INTERNAL, is logged, and ends nothing else', async (t) => {
  const lines: Lines = [];
  const shared = parts(lines);
  const client = await serve(t, {
    getStudy: unary(shared, () => {
      throw new TypeError('secret');
    }),
    deleteStudy: unary(shared, () => Promise.reject(new TypeError('secret'))),
    watchStudy: serverStream(shared, async function* () {
      yield none;
      throw new TypeError('secret');
    }),
    listStudies: unary(shared, async () => ({ studies: [], nextPageToken: '' })),
  });
  for (const call of [client.getStudy({}), client.deleteStudy({})]) {
    const { code, message, reason } = await refused(call);
    assert.deepEqual([code, reason], ['INTERNAL', undefined]);
    assert.doesNotMatch(message, /secret/);
  }
  const { responses } = client.watch({});
  const seen: number[] = [];
  const { code, message } = await refused(
    (async () => {
      for await (const { sequence } of responses) seen.push(sequence);
    })(),
  );
  assert.deepEqual([code, seen], ['INTERNAL', [1]]);
  assert.doesNotMatch(message, /secret/);
  assert.deepEqual(await client.listStudies({}), { studies: [], nextPageToken: '' });
  const bugs = lines.filter(({ level }) => level === 'error');
  assert.equal(bugs.length, 3);
  for (const { err } of bugs) assert.match((err as Error).message, /secret/);
});

test('a server stream is written at the pace of its reader, and ends with it', async (t) => {
  let made = 0;
  let ended: (() => void) | undefined;
  const over = new Promise<void>((resolve) => (ended = resolve));
  const text = 'x'.repeat(2 ** 14);
  const client = await serve(t, {
    watchStudy: serverStream(parts(), async function* (): AsyncGenerator<WatchStudyResponse> {
      try {
        for (;;) {
          made++;
          yield WatchStudyResponse.fromPartial({
            sequence: made,
            record: { $case: 'study', value: { displayName: text } },
          });
        }
      } finally {
        ended!();
      }
    }),
  });
  const stream = client.studyStub.watchStudy(WatchStudyRequest.fromPartial({}));
  stream.on('error', () => undefined);
  await once(stream, 'readable');
  // All buffers between here and there fill up, and then nothing more is made.
  let before = -1;
  while (made !== before) {
    before = made;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  assert.ok(made < 1000, `${made} messages of 16 KiB were made for nobody`);
  stream.cancel();
  await over;
  assert.ok(made < 1000);
});

test('a long stream keeps nothing of what it has sent', async (t) => {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  const sent: WeakRef<object>[] = [];
  let context: CallContext | undefined;
  const total = 200;
  const client = await serve(t, {
    watchStudy: serverStream(parts(), async function* (_request, given) {
      context = given;
      for (let sequence = 1; sequence <= total; sequence++) {
        const response = WatchStudyResponse.fromPartial({ sequence });
        sent.push(new WeakRef(response));
        yield response;
      }
      await new Promise((resolve) => given.signal.addEventListener('abort', resolve));
    }),
  });
  const stream = client.studyStub.watchStudy(WatchStudyRequest.fromPartial({}));
  stream.on('error', () => undefined);
  await new Promise<void>((resolve) => {
    stream.on('data', ({ sequence }: WatchStudyResponse) => {
      if (sequence === total) resolve();
    });
  });
  // WeakRefs are kept alive until the turn in which they were made is over.
  await new Promise((resolve) => setTimeout(resolve, 10));
  collect();
  const kept = sent.filter((reference) => reference.deref() !== undefined).length;
  assert.equal(context?.signal.aborted, false, 'it goes on');
  stream.cancel();
  assert.ok(kept < total / 10, `${kept} of ${total} are still there`);
});
