/** How many streams and waiting calls there may be at a time, as flags of a server. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import type { ServiceError } from '@grpc/grpc-js';
import type { TestClient } from '../test-client.js';
import { startTestServer } from '../app/test-server.js';
import { refusalOf, refused, type Refusal } from './refusal.js';
import { ReportStream } from './report-stream.js';
import { createStudy, oneTrial, owner, reportOf, studyRequest, withoutResource } from './study-requests.js';

function overLimit(
  { code, reason, metadata, quota, retrySeconds }: Refusal,
  flag: string,
  max: number,
  subject: string,
): void {
  assert.deepEqual(
    { code, reason, metadata, quota },
    {
      code: 'RESOURCE_EXHAUSTED',
      reason: 'LIMIT_EXCEEDED',
      metadata: { limit: flag, max: `${max}` },
      quota: [subject, flag, max],
    },
  );
  assert.ok(retrySeconds! > 0);
}

/** A watcher that is known to be taken in, or how it was refused. */
async function watch(client: TestClient, name: string): Promise<{ stop: () => void } | Refusal> {
  const { responses, stop } = client.watch({ name });
  try {
    for await (const _ of responses) return { stop };
  } catch (error) {
    return refusalOf(error as ServiceError);
  }
  assert.fail('the stream ended');
}

/** Tries until it works: that somebody has gone is noticed a little later. */
async function eventually<T>(attempt: () => Promise<T | Refusal>): Promise<T> {
  for (let tries = 0; ; tries++) {
    const result = await attempt();
    if (!(typeof result === 'object' && result !== null && 'reason' in result)) return result;
    assert.equal(result.reason, 'LIMIT_EXCEEDED');
    assert.ok(tries < 200, 'the place never came back');
    await delay(25);
  }
}

function stopOf(watcher: { stop: () => void } | Refusal): () => void {
  if (!('stop' in watcher)) assert.fail(watcher.message);
  return watcher.stop;
}

test('watchers of one owner, and of all; what ends makes room, again and again', async (t) => {
  const settings = { limits: { maxStreams: 3, maxStreamsPerOwner: 2 } };
  const { client } = await startTestServer(t, { settings });
  const names = ['a', 'b'].map((id) => `owners/${id}/studies/s`);
  for (const id of ['a', 'b']) await client.createStudy({ ...studyRequest('s'), parent: `owners/${id}` });
  const [a, b] = names as [string, string];
  for (let round = 0; round < 3; round++) {
    const open = [stopOf(await eventually(() => watch(client, a))), stopOf(await watch(client, a))];
    overLimit((await watch(client, a)) as Refusal, 'max-streams-per-owner', 2, 'owners/a');
    open.push(stopOf(await eventually(() => watch(client, b))));
    overLimit((await watch(client, b)) as Refusal, 'max-streams', 3, 'server');
    for (const stop of open) stop();
    // Both must be back, else the next round's second is refused.
    for (const stop of [await eventually(() => watch(client, a)), await eventually(() => watch(client, a))])
      stop.stop();
    await eventually(async () => {
      const both = [await watch(client, a), await watch(client, a), await watch(client, b)];
      for (const each of both) if ('stop' in each) each.stop();
      return both.find((each) => !('stop' in each)) ?? 'all';
    });
  }
});

test('a watcher of a study that is not there, or goes, takes no place', async (t) => {
  const settings = { limits: { maxStreams: 1 } };
  const { client } = await startTestServer(t, { settings });
  for (let i = 0; i < 3; i++) {
    const missing = (await watch(client, `${owner}/studies/none`)) as Refusal;
    assert.equal(missing.reason, 'STUDY_NOT_FOUND');
    const { name } = await createStudy(client, 's');
    const { responses } = client.watch({ name });
    const ended = (async () => {
      for await (const { caughtUp } of responses) if (caughtUp) await client.deleteStudy({ name });
    })();
    assert.equal(
      refusalOf(
        (await ended.then(
          () => assert.fail(),
          (error: unknown) => error,
        )) as ServiceError,
      ).reason,
      'STUDY_NOT_FOUND',
    );
  }
});

test('measurement streams count from the start, and to the owner of their first message', async (t) => {
  const settings = { limits: { maxStreams: 2, maxStreamsPerOwner: 1 } };
  const { client } = await startTestServer(t, { settings });
  const trials = [];
  for (const id of ['a', 'b']) {
    const { name } = await client.createStudy({
      ...studyRequest('s', withoutResource),
      parent: `owners/${id}`,
    });
    trials.push(await oneTrial(client, name, 'w'));
  }
  const [ofA, ofB] = trials as [(typeof trials)[0], (typeof trials)[0]];
  const first = new ReportStream(client);
  first.report(1, ofA, 1, 0.5);
  assert.equal((await first.next()).error, undefined);
  // Another of the same owner ends with its first message; nothing of it is taken in.
  const second = new ReportStream(client);
  second.report(1, ofA, 2, 0.5);
  overLimit((await second.ended) as Refusal, 'max-streams-per-owner', 1, 'owners/a');
  assert.equal((await client.getTrial({ name: ofA.name })).lastStep, 1);
  // A stream that holds one owner's place may speak for others too.
  first.report(2, ofB, 1, 0.5);
  assert.equal((await first.next()).error, undefined);
  const third = await eventually(async () => {
    const stream = new ReportStream(client);
    stream.report(1, ofB, 2, 0.5);
    const how = await Promise.race([stream.next(), stream.ended]).catch(() => stream.ended);
    return typeof how === 'object' && 'reason' in how ? how : stream;
  });
  const fourth = new ReportStream(client);
  overLimit((await fourth.ended) as Refusal, 'max-streams', 2, 'server');
  // One that says nothing counts to the whole alone.
  third.finish();
  assert.equal(await third.ended, 'OK');
  const silent = new ReportStream(client);
  const over = new ReportStream(client);
  overLimit((await over.ended) as Refusal, 'max-streams', 2, 'server');
  for (const stream of [first, silent]) stream.finish();
  assert.deepEqual(await Promise.all([first.ended, silent.ended]), ['OK', 'OK']);
  const again = new ReportStream(client);
  again.send({ messageId: 1, ...reportOf(ofA, 3, 0.5) });
  assert.equal((await again.next()).error, undefined);
  again.finish();
});

test('waiting calls of one owner, and of all: over it at once, with a time to ask again', async (t) => {
  const settings = { limits: { maxWaiters: 3, maxWaitersPerOwner: 2 } };
  const { client } = await startTestServer(t, { settings });
  const holders = [];
  for (const id of ['a', 'b']) {
    const spec = { ...withoutResource, limits: { maxParallelTrials: 1 } };
    const { name } = await client.createStudy({ ...studyRequest('s', spec), parent: `owners/${id}` });
    holders.push({ name, trial: await oneTrial(client, name, 'holder') });
  }
  const [a, b] = holders as [(typeof holders)[0], (typeof holders)[0]];
  const long = { deadline: Date.now() + 60_000 };
  const ask = (parent: string, clientId: string, signal?: AbortSignal) =>
    client.suggestTrials(
      { parent, clientId, requestId: clientId },
      { ...long, ...(signal ? { signal } : {}) },
    );
  // Refused calls come back at once, waiting ones do not: the first to answer tells how many wait.
  const controllers = Array.from({ length: 3 }, () => new AbortController());
  const waiting = [
    ask(a.name, 'a1', controllers[0]!.signal),
    ask(a.name, 'a2', controllers[1]!.signal),
    ask(b.name, 'b1', controllers[2]!.signal),
  ].map((call) => call.catch((error: unknown) => refusalOf(error as ServiceError)));
  // On one connection calls are taken in their order.
  overLimit(await refused(ask(a.name, 'a3')), 'max-waiters-per-owner', 2, 'owners/a');
  overLimit(await refused(ask(b.name, 'b2')), 'max-waiters', 3, 'server');
  // What can be had at once needs no place.
  const { name: free } = await client.createStudy({ ...studyRequest('free'), parent: 'owners/a' });
  assert.equal((await ask(free, 'a4')).trials.length, 1);
  // One is cancelled, one served: their places are free, and the id of a refused call too.
  controllers[0]!.abort();
  assert.equal(((await waiting[0]) as Refusal).code, 'CANCELLED');
  // The server notices a little later; until then the line is longer by the one who has gone.
  const briefly = () =>
    client
      .suggestTrials({ parent: a.name, clientId: 'brief' }, { deadline: Date.now() + 1000 })
      .catch((error: unknown) => refusalOf(error as ServiceError));
  assert.deepEqual((await eventually(briefly)).trials, []);
  const again = eventually(() =>
    ask(a.name, 'a3').catch((error: unknown) => refusalOf(error as ServiceError)),
  );
  const done = {
    name: a.trial.name,
    attempt: 1,
    finalMeasurement: { metrics: [{ name: 'loss', value: 1 }] },
  };
  await client.completeTrial(done);
  const served = (await waiting[1]) as { trials: { name: string }[] };
  assert.equal(served.trials.length, 1);
  await client.completeTrial({ ...done, name: served.trials[0]!.name });
  assert.equal((await again).trials.length, 1);
  controllers[2]!.abort();
  assert.equal(((await waiting[2]) as Refusal).code, 'CANCELLED');
});
