/** Calls that are open when what let them in is withdrawn. */
import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { setImmediate, setTimeout } from 'node:timers/promises';
import type { WatchStudyResponse } from '../../server/gen/wazir/v1/study.js';
import type { Trial } from '../../server/gen/wazir/v1/trial.js';
import { createLogger } from '../../server/logger.js';
import { writeAccess, type Person } from '../access/people.js';
import { startTestServer, temporaryDirectory } from '../app/test-server.js';
import { FakeClock } from '../engine/fake-clock.js';
import { TestClient } from '../test-client.js';
import { refused, refusedWith, type Refusal } from './refusal.js';
import { ReportStream } from './report-stream.js';
import { oneTrial, owner, studyRequest, synchronous } from './study-requests.js';

/** What is withdrawn must end within so long. */
const withinMs = 5000;

const worker: Person = { name: 'worker', role: 'work', owners: 'default', token: 'worker-token' };
const colleague: Person = { name: 'colleague', role: 'work', owners: 'default', token: 'colleague-token' };
const admin: Person = { name: 'admin', role: 'admin', token: 'admin-token' };

/** How the three calls of somebody that stay open have ended, if they have. */
class OpenCalls {
  readonly stream: ReportStream;
  readonly watch: Promise<Refusal>;
  readonly suggest: Promise<Refusal>;
  readonly #open = new Set(['stream', 'watch', 'suggest']);
  #watched = 0;

  constructor(client: TestClient, study: string, clientId: string) {
    this.stream = new ReportStream(client);
    const { responses } = client.watch({ name: study });
    this.watch = refused(this.#drain(responses));
    this.suggest = refused(
      client.suggestTrials(
        { parent: study, clientId, requestId: 'shared' },
        { deadline: Date.now() + 600_000 },
      ),
    );
    // The client goes when the test ends.
    for (const call of [this.watch, this.suggest]) call.catch(() => undefined);
    void this.stream.ended.then(() => this.#open.delete('stream'));
    void this.watch.then(
      () => this.#open.delete('watch'),
      () => undefined,
    );
    void this.suggest.then(
      () => this.#open.delete('suggest'),
      () => undefined,
    );
  }

  async #drain(responses: AsyncIterable<WatchStudyResponse>): Promise<void> {
    for await (const _ of responses) this.#watched++;
  }

  /** Waits until all three have begun. */
  async begun(trial: Trial): Promise<void> {
    this.stream.report(1, trial, 1, 1);
    await this.stream.next();
    while (this.#watched === 0) await setImmediate();
  }

  get open(): string[] {
    return [...this.#open].sort();
  }

  /** Codes and reasons of all three, once they have ended. */
  async codes(): Promise<Record<string, string | undefined>> {
    const [stream, watch, suggest] = await Promise.all([this.stream.ended, this.watch, this.suggest]);
    assert.ok(stream !== 'OK');
    for (const { code, reason } of [stream, watch, suggest]) assert.equal(code, reason);
    return { stream: stream.code, watch: watch.code, suggest: suggest.code };
  }
}

async function start(t: TestContext, people: readonly Person[]) {
  const directory = await temporaryDirectory(t);
  const clock = new FakeClock();
  const lines: string[] = [];
  const access = writeAccess(directory, [...people, admin]);
  const { address } = await startTestServer(t, {
    access,
    clock,
    logger: createLogger({ level: 'info', destination: { write: (line) => void lines.push(line) } }),
  });
  const connect = ({ token }: Person) => {
    const client = new TestClient(address, undefined, token);
    t.after(() => client.close());
    return client;
  };
  const setUp = connect(admin);
  const { name: study } = await setUp.createStudy(studyRequest('s', synchronous(9)));
  const clients = new Map(people.map((person) => [person.name, connect(person)]));
  const calls = new Map<string, OpenCalls>();
  const trials: Trial[] = [];
  for (let i = 0; i < 9; i++) trials.push(await oneTrial(setUp, study, `w${i}`));
  for (const [i, person] of people.entries()) {
    const opened = new OpenCalls(clients.get(person.name)!, study, 'waiting');
    calls.set(person.name, opened);
    await opened.begun(trials[i]!);
  }
  // Read from disk, which parking does not: after it, all that was sent before is parked.
  await setUp.listTrials({ parent: study });
  /** Replaces the file, lets the time pass within which it must count, and waits in real time until it has been read. */
  const rewrite = async (text: readonly Person[] | string, then = 'access file read') => {
    const before = lines.filter((line) => line.includes(then)).length;
    const isRead = () => lines.filter((line) => line.includes(then)).length > before;
    writeAccess(directory, text);
    await clock.advance(withinMs);
    // A look that was under way may have read the file before: then the next one counts.
    for (let tries = 1; !isRead(); tries++) {
      await setTimeout(5);
      if (tries % 100 === 0) await clock.advance(withinMs);
    }
  };
  return { study, clock, clients, calls, setUp, trials, rewrite, lines };
}

test('who is removed is out of every open call, and nobody else is', async (t) => {
  const { study, clients, calls, setUp, trials, rewrite } = await start(t, [worker, colleague]);
  await rewrite([colleague, admin]);
  assert.deepEqual(await calls.get('worker')!.codes(), {
    stream: 'UNAUTHENTICATED',
    watch: 'UNAUTHENTICATED',
    suggest: 'UNAUTHENTICATED',
  });
  await refusedWith(clients.get('worker')!.getStudy({ name: study }), 'UNAUTHENTICATED', 'UNAUTHENTICATED');
  // The other joined the very same call by its request id, and gets the trial that it asked for.
  const others = calls.get('colleague')!;
  assert.deepEqual(others.open, ['stream', 'suggest', 'watch']);
  others.stream.report(2, trials[1]!, 1, 1);
  assert.equal((await others.stream.next()).error, undefined);
  await setUp.completeTrial({
    name: trials[2]!.name,
    attempt: 1,
    outcome: { $case: 'infeasibleReason', value: 'none' },
  });
  await assert.rejects(others.suggest, /was not refused/);
});

const changes: Readonly<
  Record<string, { now: readonly Person[]; codes: Record<string, string> | undefined }>
> = {
  'a lower role ends what it may not do': {
    now: [{ ...worker, role: 'read' }],
    codes: { stream: 'PERMISSION_DENIED', suggest: 'PERMISSION_DENIED' },
  },
  'an owner that is taken away ends what is about it': {
    now: [{ ...worker, owners: 'another' }],
    codes: { stream: 'PERMISSION_DENIED', suggest: 'PERMISSION_DENIED', watch: 'PERMISSION_DENIED' },
  },
  'another token instead ends all': {
    now: [{ ...worker, token: 'another-token' }],
    codes: { stream: 'UNAUTHENTICATED', suggest: 'UNAUTHENTICATED', watch: 'UNAUTHENTICATED' },
  },
  'the same token for somebody else who may ends nothing': {
    now: [{ ...worker, name: 'heir', owners: ['default', 'another'], role: 'admin' }],
    codes: undefined,
  },
  'other people make no difference': { now: [worker, colleague], codes: undefined },
};

for (const [name, { now, codes = {} }] of Object.entries(changes))
  test(name, async (t) => {
    const { study, calls, clients, rewrite } = await start(t, [worker]);
    await rewrite([...now, admin]);
    const mine = calls.get('worker')!;
    for (const [call, code] of Object.entries(codes)) {
      const ended = await mine[call === 'stream' ? 'stream' : (call as 'watch' | 'suggest')];
      const refusal = ended instanceof ReportStream ? await ended.ended : ended;
      assert.ok(refusal !== 'OK');
      assert.deepEqual([refusal.code, refusal.reason], [code, code], call);
    }
    // An answer, whichever, comes after what the server had to say before.
    await clients
      .get('worker')!
      .getStudy({ name: study })
      .catch(() => undefined);
    assert.deepEqual(
      mine.open,
      ['stream', 'suggest', 'watch'].filter((call) => !(call in codes)),
    );
  });

test('a principal that expires while its calls are open is out, without a change of the file', async (t) => {
  const notAfter = new Date(new FakeClock().wall() + 20_000).toISOString();
  const { calls, clock } = await start(t, [{ ...worker, notAfter }, colleague]);
  await clock.advance(19_000);
  const mine = calls.get('worker')!;
  assert.deepEqual(mine.open, ['stream', 'suggest', 'watch']);
  while (mine.open.length > 0) {
    await clock.advance(100);
    await setTimeout(5);
  }
  assert.ok(clock.monotonic() >= 20_000);
  assert.deepEqual(Object.values(await mine.codes()), Array<string>(3).fill('UNAUTHENTICATED'));
  assert.deepEqual(calls.get('colleague')!.open, ['stream', 'suggest', 'watch']);
});

test('a file that can not be used changes nothing, is told of once, and counts again when it is mended', async (t) => {
  const { study, calls, clients, clock, rewrite, lines } = await start(t, [worker]);
  await rewrite('principals: [{', 'can not be used');
  await clock.advance(10_000);
  assert.deepEqual(calls.get('worker')!.open, ['stream', 'suggest', 'watch']);
  await clients.get('worker')!.getStudy({ name: study });
  const told = lines.filter((line) => line.includes('can not be used'));
  assert.equal(told.length, 1);
  assert.equal((JSON.parse(told[0]!) as { level: string }).level, 'error');
  assert.match(told[0]!, /access\.yaml:1: is not well-formed YAML/);
  await rewrite([admin]);
  assert.equal((await calls.get('worker')!.codes())['watch'], 'UNAUTHENTICATED');
});

test('an owner that a stream has not named may go; one that it has named may not', async (t) => {
  const both: Person = { ...worker, owners: ['default', 'second', 'third'] };
  const { clients, setUp, calls, rewrite } = await start(t, [both]);
  const { name } = await setUp.createStudy({ ...studyRequest('s'), parent: 'owners/second' });
  const trial = await oneTrial(setUp, name, 'w');
  const stream = new ReportStream(clients.get('worker')!);
  stream.report(1, trial, 1, 1);
  await stream.next();
  stream.send({ messageId: 2, trial: `${owner}/studies/s/trials/1`, attempt: 1 });
  await stream.next();
  let over = false;
  void stream.ended.then(() => (over = true));
  await rewrite([{ ...both, owners: ['default', 'second'] }, admin]);
  stream.report(3, trial, 2, 1);
  assert.equal((await stream.next()).error, undefined);
  assert.equal(over, false);
  // The last that it named is still its own.
  await rewrite([{ ...both, owners: ['default'] }, admin]);
  const ended = await stream.ended;
  assert.equal(ended !== 'OK' && ended.code, 'PERMISSION_DENIED');
  assert.deepEqual(calls.get('worker')!.open, ['stream', 'suggest', 'watch']);
});
