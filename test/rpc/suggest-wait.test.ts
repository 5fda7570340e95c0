/** Askers for whom there is nothing yet wait on the server. */
import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import type { SuggestTrialsRequest, SuggestTrialsResponse } from '../../server/gen/wazir/v1/trial.js';
import { StudyEndReason, StudyState } from '../../server/gen/wazir/v1/trial.js';
import { FakeClock } from '../engine/fake-clock.js';
import { startTestServer, storeDigest, type TestServer } from '../app/test-server.js';
import type { Partially, TestCallOptions } from '../test-client.js';
import { refused, refusedWith } from './refusal.js';
import { createStudy, oneTrial, reportOf, synchronous, withoutResource } from './study-requests.js';
import { Worker } from './worker.js';

interface Asked {
  readonly answer: Promise<SuggestTrialsResponse>;
  /** Whether it has been answered. */
  readonly isAnswered: () => boolean;
  readonly leave: () => void;
}

/** A server with a study, and askers that are parked when `parked` has resolved. */
class Waiting {
  constructor(
    readonly server: TestServer,
    readonly study: string,
  ) {}

  get client() {
    return this.server.client;
  }

  ask(clientId: string, given: Partially<SuggestTrialsRequest> = {}, options: TestCallOptions = {}): Asked {
    const leaving = new AbortController();
    let answered = false;
    const answer = this.client
      .suggestTrials({ parent: this.study, clientId, ...given }, { signal: leaving.signal, ...options })
      .finally(() => (answered = true));
    // Whoever looks at it later must not find it unhandled until then.
    answer.catch(() => undefined);
    return { answer, isAnswered: () => answered, leave: () => leaving.abort() };
  }

  /** A call on the same connection, and so after all that was sent before; it reads the disk, which parking does not. */
  async parked(): Promise<void> {
    await this.client.listTrials({ parent: this.study });
  }
}

/** A study of synchronous rungs whose nine trials are all lent. */
async function full(t: TestContext, clock?: FakeClock): Promise<{ waiting: Waiting; worker: Worker }> {
  const server = await startTestServer(t, clock ? { clock } : {});
  const { name } = await createStudy(server.client, 'waiting', synchronous(9));
  const worker = new Worker(server.client, name);
  for (const trial of await worker.ask(9)) worker.keep(trial);
  return { waiting: new Waiting(server, name), worker };
}

/** A study that hands out nothing, until it is told to. */
async function paused(t: TestContext, clock?: FakeClock): Promise<Waiting> {
  const server = await startTestServer(t, clock ? { clock } : {});
  const { name } = await createStudy(server.client, 'waiting', withoutResource);
  await server.client.updateStudy({ study: { name, state: StudyState.PAUSED } });
  return new Waiting(server, name);
}

const goOn = ({ client, study }: Waiting) =>
  client.updateStudy({ study: { name: study, state: StudyState.ACTIVE } });

test('an asker waits while a rung is open, and is answered when it closes', async (t) => {
  const { waiting, worker } = await full(t);
  const first = waiting.ask('first');
  const second = waiting.ask('second', { count: 5 });
  await waiting.parked();
  for (let id = 1; id <= 8; id++) await worker.finish(id, id);
  assert.equal(first.isAnswered(), false);
  await worker.finish(9, 9);
  const [a] = (await first.answer).trials;
  assert.deepEqual([a!.id, a!.clientId, a!.assignment!.toResource], [1, 'first', 3]);
  // One or more that are ready are handed out at once; five there are not.
  assert.deepEqual(
    (await second.answer).trials.map(({ id }) => id),
    [2, 3],
  );
});

test('an asker gets the replacement of an infeasible trial, and a trial that is given back', async (t) => {
  const { waiting, worker } = await full(t);
  const first = waiting.ask('first');
  await waiting.parked();
  const { name, assignment } = worker.trial(4);
  await waiting.client.completeTrial({
    name,
    attempt: assignment!.attempt,
    outcome: { $case: 'infeasibleReason', value: 'too big' },
  });
  assert.deepEqual(
    (await first.answer).trials.map(({ id }) => id),
    [10],
  );
  const second = waiting.ask('second');
  await waiting.parked();
  await waiting.client.releaseTrial({ name: worker.trial(5).name, attempt: 1 });
  const [again] = (await second.answer).trials;
  assert.deepEqual([again!.id, again!.assignment!.attempt], [5, 2]);
});

test('an asker gets a trial whose lease ends, and one that a user queues', async (t) => {
  const clock = new FakeClock();
  const { waiting, worker } = await full(t, clock);
  await clock.advance(30_000);
  for (let id = 2; id <= 9; id++)
    await waiting.client.renewLease({ name: worker.trial(id).name, attempt: 1 });
  const asked = waiting.ask('first', {}, { deadline: Infinity });
  await waiting.parked();
  await clock.advance(29_999);
  assert.equal(asked.isAnswered(), false);
  await clock.advance(1);
  const [trial] = (await asked.answer).trials;
  assert.deepEqual([trial!.id, trial!.assignment!.attempt, trial!.expiries], [1, 2, 1]);

  const other = await createStudy(waiting.client, 'queue', { ...withoutResource, limits: { maxTrials: 2 } });
  await oneTrial(waiting.client, other.name, 'holder');
  await waiting.client.updateStudy({ study: { name: other.name, state: StudyState.PAUSED } });
  const queued = new Waiting(waiting.server, other.name).ask('asker');
  await waiting.parked();
  await waiting.client.createTrial({
    parent: other.name,
    trial: { parameters: [{ name: 'x', value: { kind: { $case: 'doubleValue', value: 0.25 } } }] },
  });
  assert.equal(queued.isAnswered(), false, 'a paused study hands out nothing');
  await waiting.client.updateStudy({ study: { name: other.name, state: StudyState.ACTIVE } });
  const [users] = (await queued.answer).trials;
  assert.deepEqual(users!.parameters[0]!.value!.kind, { $case: 'doubleValue', value: 0.25 });
});

test('all who wait hear at once of the end of the study, by itself or by a user, and of its deletion', async (t) => {
  const { waiting, worker } = await full(t);
  for (let id = 1; id <= 9; id++) await worker.finish(id, id);
  for (const trial of await worker.ask(3)) worker.keep(trial);
  for (const id of [1, 2, 3]) await worker.finish(id, id);
  for (const trial of await worker.ask(3)) worker.keep(trial);
  const askers = ['a', 'b', 'c'].map((name) => waiting.ask(name, { requestId: name }));
  await waiting.parked();
  await worker.finish(1, 1);
  for (const { answer } of askers)
    assert.deepEqual(await answer, {
      trials: [],
      studyState: StudyState.COMPLETED,
      studyEndReason: StudyEndReason.SCHEDULER_FINISHED,
      retryAfter: undefined,
    });

  const byUser = await createStudy(waiting.client, 'by user', synchronous(9));
  await new Worker(waiting.client, byUser.name).ask(9);
  const ended = new Waiting(waiting.server, byUser.name).ask('a');
  await waiting.parked();
  await waiting.client.updateStudy({ study: { name: byUser.name, state: StudyState.COMPLETED } });
  assert.equal((await ended.answer).studyEndReason, StudyEndReason.ENDED_BY_USER);

  const deleted = await createStudy(waiting.client, 'deleted', synchronous(9));
  await new Worker(waiting.client, deleted.name).ask(9);
  const gone = new Waiting(waiting.server, deleted.name).ask('a');
  await waiting.parked();
  await waiting.client.deleteStudy({ name: deleted.name });
  await refusedWith(gone.answer, 'NOT_FOUND', 'STUDY_NOT_FOUND');
});

test('a server that drains answers all who wait, and parks nobody any more', async (t) => {
  const { waiting } = await full(t);
  const askers = ['a', 'b'].map((name) => refused(waiting.ask(name).answer));
  await waiting.parked();
  const closed = waiting.server.close();
  for (const asked of askers) {
    const { code, reason, retrySeconds } = await asked;
    assert.deepEqual([code, reason], ['UNAVAILABLE', 'DRAINING']);
    assert.ok(retrySeconds! > 0);
  }
  await closed;
});

test('with nothing to hand out the answer comes shortly before the deadline, and is not kept for the request id', async (t) => {
  const clock = new FakeClock();
  const waiting = await paused(t, clock);
  const withDeadline = waiting.ask('a', { requestId: 'r' }, { deadline: Date.now() + 20_000 });
  const farDeadline = waiting.ask('b', {}, { deadline: Date.now() + 3_600_000 });
  const noDeadline = waiting.ask('c', {}, { deadline: Infinity });
  await waiting.parked();
  // A tenth of the 20 s is kept for the way back; what the way here took is less than 2 s.
  await clock.advance(16_000);
  await waiting.parked();
  assert.equal(withDeadline.isAnswered(), false);
  await clock.advance(2_000);
  const { trials, studyState, retryAfter } = await withDeadline.answer;
  assert.deepEqual([trials, studyState], [[], StudyState.PAUSED]);
  assert.ok(retryAfter!.seconds + retryAfter!.nanos > 0);

  await clock.advance(41_999);
  await waiting.parked();
  assert.deepEqual([farDeadline.isAnswered(), noDeadline.isAnswered()], [false, false]);
  await clock.advance(1);
  for (const { answer } of [farDeadline, noDeadline]) assert.deepEqual((await answer).trials, []);

  await goOn(waiting);
  const again = await waiting.ask('a', { requestId: 'r' }).answer;
  assert.equal(again.trials.length, 1);
  assert.equal(
    clock.timers,
    2,
    'one looks after the lease, one after idle studies: none is left of those who waited',
  );
});

test('a retry of a call that still waits joins it, and both get the one answer', async (t) => {
  const waiting = await paused(t);
  const asked = ['a', 'a'].map((name) => waiting.ask(name, { requestId: 'r' }));
  await waiting.parked();
  await goOn(waiting);
  const [first, second] = await Promise.all(asked.map(({ answer }) => answer));
  assert.deepEqual(
    first!.trials.map(({ id }) => id),
    [1],
  );
  assert.deepEqual(second, first);
  // The first leaves: the second takes its place.
  await waiting.client.updateStudy({ study: { name: waiting.study, state: StudyState.PAUSED } });
  const leaving = waiting.ask('b', { requestId: 'q' });
  const staying = waiting.ask('b', { requestId: 'q' });
  await waiting.parked();
  leaving.leave();
  assert.equal((await refused(leaving.answer)).code, 'CANCELLED');
  await waiting.parked();
  await goOn(waiting);
  assert.deepEqual(
    (await staying.answer).trials.map(({ id }) => id),
    [2],
  );
});

test('hundreds who wait are served in the order in which they came, one after the other', async (t) => {
  const waiting = await paused(t);
  // Fewer than one connection can have calls open: another call is to get through beside them.
  const askers = Array.from({ length: 900 }, (_, i) => waiting.ask(`w${i}`));
  await waiting.parked();
  await goOn(waiting);
  const answers = await Promise.all(askers.map(({ answer }) => answer));
  assert.deepEqual(
    answers.map(({ trials }) => trials.map(({ id }) => id).join()),
    answers.map((_, i) => String(i + 1)),
  );
  // And where a place becomes free only now and then.
  const { name } = await createStudy(waiting.client, 'narrow', {
    ...withoutResource,
    limits: { maxParallelTrials: 1 },
  });
  const narrow = new Waiting(waiting.server, name);
  let held = await oneTrial(waiting.client, name, 'holder');
  const line = Array.from({ length: 20 }, (_, i) => narrow.ask(`n${i}`));
  await narrow.parked();
  for (const { answer } of line) {
    await waiting.client.completeTrial({
      name: held.name,
      attempt: 1,
      finalMeasurement: reportOf(held, 1, 1).measurement,
    });
    held = (await answer).trials[0]!;
  }
  assert.equal(held.id, 21);
});

test('those who leave while they wait leave nothing behind', async (t) => {
  const clock = new FakeClock();
  const waiting = await paused(t, clock);
  const before = await storeDigest(waiting.server.dataDir);
  const timers = clock.timers;
  const askers = Array.from({ length: 100 }, (_, i) => waiting.ask(`w${i}`, { requestId: `r${i}` }));
  await waiting.parked();
  assert.equal(clock.timers, timers + 100);
  const leavers = askers.filter((_, i) => i % 2 === 0);
  for (const { leave } of leavers) leave();
  for (const { answer } of leavers) assert.equal((await refused(answer)).code, 'CANCELLED');
  await waiting.parked();
  assert.equal(clock.timers, timers + 50);
  assert.equal(await storeDigest(waiting.server.dataDir), before);
  await goOn(waiting);
  const answers = await Promise.all(askers.filter((_, i) => i % 2 === 1).map(({ answer }) => answer));
  assert.deepEqual(
    answers.map(({ trials }) => trials[0]!.id),
    answers.map((_, i) => i + 1),
  );
  assert.deepEqual(
    answers.map(({ trials }) => trials[0]!.clientId),
    answers.map((_, i) => `w${2 * i + 1}`),
  );
  assert.equal((await waiting.client.getStudy({ name: waiting.study })).progress!.active, 50);
});
