import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Measurement } from '../../server/gen/wazir/v1/measurement.js';
import { type ListTrialsRequest, type Trial, TrialState } from '../../server/gen/wazir/v1/trial.js';
import { writeAccess, type Person } from '../access/people.js';
import { startTestServer, temporaryDirectory, type TestServer } from '../app/test-server.js';
import { TestClient, type Partially } from '../test-client.js';
import { measurements, studies, trials } from './pages.js';
import { ReportStream } from './report-stream.js';
import { refusedWith } from './refusal.js';
import { createStudy, oneTrial, owner, reportOf, studyRequest, withoutResource } from './study-requests.js';

const study = `${owner}/studies/s`;
const noToken = 'page_token: is not a token of this list; use next_page_token of its page before';
const single = {
  resource: { min: 1, max: 100_000 },
  scheduler: { kind: { $case: 'single' as const, value: {} } },
};

const ids = (page: readonly Trial[]) => page.map(({ id }) => id);
const range = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, i) => from + i);

test('trials by number, either way, by state, in pages of any size', async (t) => {
  const { client } = await startTestServer(t);
  await createStudy(client, 's', withoutResource);
  const { trials: made } = await client.suggestTrials({ parent: study, clientId: 'w', count: 7 });
  for (const id of [2, 5])
    await client.completeTrial({
      name: made[id - 1]!.name,
      attempt: 1,
      outcome: { $case: 'failureReason', value: 'x' },
    });
  await client.deleteTrial({ name: made[4]!.name });
  assert.deepEqual((await trials(client, study, { pageSize: 4 })).map(ids), [
    [1, 2, 3, 4],
    [6, 7],
  ]);
  assert.deepEqual((await trials(client, study, { pageSize: 2, orderBy: 'id desc' })).map(ids), [
    [7, 6],
    [4, 3],
    [2, 1],
  ]);
  assert.deepEqual((await trials(client, study, { pageSize: 6, orderBy: 'id' })).map(ids), [
    [1, 2, 3, 4, 6, 7],
  ]);
  assert.deepEqual((await trials(client, study, { states: [TrialState.ACTIVE], pageSize: 3 })).map(ids), [
    [1, 3, 4],
    [6, 7],
  ]);
  assert.deepEqual(
    (await trials(client, study, { states: [TrialState.FAILED, TrialState.SUCCEEDED] })).map(ids),
    [[2]],
  );
  assert.deepEqual((await trials(client, study, { states: [TrialState.PAUSED] })).map(ids), [[]]);
});

test('page sizes: what 0 means, and the most that there is', async (t) => {
  const { client } = await startTestServer(t);
  await createStudy(client, 's', single);
  await client.suggestTrials({ parent: study, clientId: 'a', count: 1000 });
  const last = await oneTrial(client, study, 'b');
  assert.deepEqual(
    (await trials(client, study, {})).map(({ length }) => length),
    [...Array<number>(10).fill(100), 1],
  );
  assert.deepEqual((await trials(client, study, { pageSize: 2 ** 31 - 1 })).map(ids), [
    range(1, 1000),
    [1001],
  ]);

  const stream = new ReportStream(client);
  for (let step = 1; step <= 10_001; step++) stream.report(step, last, step, step);
  await stream.take(10_001);
  const steps = (await measurements(client, last.name, 2 ** 31 - 1)).map((page) =>
    page.map(({ step }) => step),
  );
  assert.deepEqual(steps, [range(1, 10_000), [10_001]]);
  assert.equal((await client.listMeasurements({ parent: last.name })).measurements.length, 1000);

  await Promise.all(Array.from({ length: 1000 }, (_, i) => client.createStudy(studyRequest(`n${i}`))));
  assert.deepEqual(
    (await studies(client, 2 ** 31 - 1)).map(({ length }) => length),
    [1000, 1],
  );
  assert.equal((await client.listStudies({ parent: owner })).studies.length, 50);
});

test('measurements by step; superseded ones only when asked for, by attempt', async (t) => {
  const { client } = await startTestServer(t);
  await createStudy(client, 's', single);
  let trial = await oneTrial(client, study, 'w');
  const tell = async (steps: number[], loss: number) => {
    for (const step of steps) await client.reportMeasurement(reportOf(trial, step, loss));
  };
  await tell([5, 10, 15], 1);
  await client.releaseTrial({ name: trial.name, attempt: 1, checkpoint: { step: 10, uri: 'x' } });
  trial = await oneTrial(client, study, 'w');
  assert.equal(trial.assignment!.fromResource, 10);
  await tell([12, 15], 2);
  // The client comes back under its name: its second attempt is given up, and 15 is trained once more.
  trial = await oneTrial(client, study, 'w');
  await tell([15, 20], 3);
  const seen = (page: Measurement[]) =>
    page.map(({ attempt, step, superseded }) => `${attempt}:${step}${superseded ? '-' : ''}`);
  assert.deepEqual((await measurements(client, trial.name, 3)).map(seen), [
    ['1:5', '1:10', '3:15'],
    ['3:20'],
  ]);
  assert.deepEqual((await measurements(client, trial.name, 4, true)).map(seen), [
    ['1:5', '1:10', '1:15-', '2:12-'],
    ['2:15-', '3:15', '3:20'],
  ]);
});

test('a token is good for its list alone', async (t) => {
  const { client } = await startTestServer(t);
  const other = await startTestServer(t);
  for (const on of [client, other.client]) {
    for (const id of ['s', 's2', 's3']) await createStudy(on, id, single);
    for (const parent of ['owners/one', 'owners/two'])
      for (const id of ['a', 'b']) await on.createStudy({ ...studyRequest(id), parent });
  }
  await client.suggestTrials({ parent: study, clientId: 'w', count: 5 });
  const reported = await oneTrial(client, study, 'reporter');
  await client.suggestTrials({ parent: `${owner}/studies/s2`, clientId: 'w', count: 5 });
  for (const step of [1, 2, 3]) await client.reportMeasurement(reportOf(reported, step, 1));
  const ofTrials = (await client.listTrials({ parent: study, pageSize: 2 })).nextPageToken;
  const ofStudies = (await client.listStudies({ parent: owner, pageSize: 2 })).nextPageToken;
  const ofOne = (await client.listStudies({ parent: 'owners/one', pageSize: 1 })).nextPageToken;
  const ofSteps = (await client.listMeasurements({ parent: reported.name, pageSize: 2 })).nextPageToken;
  const list = (given: Partially<ListTrialsRequest>) =>
    client.listTrials({ parent: study, pageSize: 2, ...given });
  const wrong: Record<string, () => Promise<unknown>> = {
    'another study': () => list({ parent: `${owner}/studies/s2`, pageToken: ofTrials }),
    'another order': () => list({ orderBy: 'id desc', pageToken: ofTrials }),
    'another filter': () => list({ states: [TrialState.ACTIVE], pageToken: ofTrials }),
    'another method': () => list({ pageToken: ofStudies }),
    'of measurements': () => list({ pageToken: ofSteps }),
    'trials for studies': () => client.listStudies({ parent: owner, pageToken: ofTrials }),
    'another owner': () => client.listStudies({ parent: 'owners/two', pageToken: ofOne }),
    'a study of another server': () => other.client.listTrials({ parent: study, pageToken: ofTrials }),
    'studies of another server': () => other.client.listStudies({ parent: owner, pageToken: ofStudies }),
    'another trial': () => client.listMeasurements({ parent: `${study}/trials/1`, pageToken: ofSteps }),
    'superseded too': () =>
      client.listMeasurements({ parent: reported.name, showSuperseded: true, pageToken: ofSteps }),
    'cut short': () => list({ pageToken: ofTrials.slice(0, -3) }),
    changed: () => list({ pageToken: `A${ofTrials.slice(1)}` }),
  };
  for (const [name, call] of Object.entries(wrong))
    await t.test(name, async () => {
      const { message } = await refusedWith(call(), 'INVALID_ARGUMENT', 'INVALID_FIELD', 'page_token');
      // The same text whatever is wrong: it tells nobody how far a forgery has come.
      assert.equal(message, noToken);
    });
  // The order in which states are named is no other filter; neither is the size of pages.
  const states = [TrialState.ACTIVE, TrialState.FAILED];
  const { nextPageToken } = await list({ states });
  assert.deepEqual(
    ids((await list({ states: [...states].reverse(), pageSize: 3, pageToken: nextPageToken })).trials),
    [3, 4, 5],
  );
  await client.deleteStudy({ name: study });
  await createStudy(client, 's', single);
  await refusedWith(list({ pageToken: ofTrials }), 'INVALID_ARGUMENT', 'INVALID_FIELD', 'page_token');
});

test('a token is good for callers who may know of the same owners’ studies, and for the next process', async (t) => {
  const people: Person[] = [
    { name: 'admin', role: 'admin', token: 'admin' },
    { name: 'worker', role: 'work', owners: ['default', 'other'], token: 'worker' },
    { name: 'colleague', role: 'read', owners: ['other', 'default'], token: 'colleague' },
    { name: 'guest', role: 'read', owners: 'default', token: 'guest' },
  ];
  const access = writeAccess(await temporaryDirectory(t), people);
  const first = await startTestServer(t, { access });
  const as = (server: TestServer, token: string) => {
    const client = new TestClient(server.address, undefined, token);
    t.after(() => client.close());
    return client;
  };
  const worker = as(first, 'worker');
  await createStudy(worker, 's', withoutResource);
  await createStudy(worker, 't', withoutResource);
  const { trials: made } = await worker.suggestTrials({ parent: study, clientId: 'w', count: 3 });
  const lists = (client: TestClient, [trials = '', studies = ''] = [] as string[]) =>
    Promise.all([
      client.listTrials({ parent: study, pageSize: 1, pageToken: trials }),
      client.listStudies({ parent: owner, pageSize: 1, pageToken: studies }),
    ]);
  const tokens = (await lists(worker)).map(({ nextPageToken }) => nextPageToken);
  const check = async (server: TestServer) => {
    for (const name of ['worker', 'colleague']) {
      const [{ trials }, { studies }] = await lists(as(server, name), tokens);
      assert.deepEqual(
        [ids(trials), studies.map(({ name }) => name)],
        [[made[1]!.id], [`${owner}/studies/t`]],
      );
    }
    for (const name of ['admin', 'guest'])
      for (const pair of [
        [tokens[0]!, ''],
        ['', tokens[1]!],
      ]) {
        const { message } = await refusedWith(
          lists(as(server, name), pair),
          'INVALID_ARGUMENT',
          'INVALID_FIELD',
          'page_token',
        );
        assert.equal(message, noToken);
      }
  };
  await check(first);
  await first.stop();
  await check(await startTestServer(t, { access, dataDir: first.dataDir }));
});

test('under concurrent writes nothing is listed twice, and nothing missed that was there throughout', async (t) => {
  const { client } = await startTestServer(t);
  await createStudy(client, 's', withoutResource);
  const { trials: made } = await client.suggestTrials({ parent: study, clientId: 'w', count: 30 });
  for (const id of ['a', 'c', 'e', 'g']) await createStudy(client, id);
  let round = 0;
  const change = async () => {
    const gone = made[3 * round]!;
    await client.completeTrial({
      name: gone.name,
      attempt: 1,
      finalMeasurement: { metrics: [{ name: 'loss', value: 1 }] },
    });
    await client.deleteTrial({ name: gone.name });
    await oneTrial(client, study, `more${round}`);
    round++;
  };
  const deleted = (upTo: number) => range(0, upTo - 1).map((i) => 3 * i + 1);
  for (const orderBy of ['id', 'id desc']) {
    const before = round;
    const there = new Set(range(1, 30 + before).filter((id) => !deleted(before).includes(id)));
    const seen = (await trials(client, study, { pageSize: 7, orderBy }, change)).flat().map(({ id }) => id);
    assert.deepEqual(
      seen,
      [...new Set(seen)].sort((a, b) => (orderBy === 'id' ? a - b : b - a)),
    );
    const throughout = [...there].filter((id) => !deleted(round).includes(id));
    assert.deepEqual(
      throughout.filter((id) => !seen.includes(id)),
      [],
    );
  }
  const between = ['b', 'd', 'aa'];
  const names = (
    await studies(client, 1, async () => {
      await client.deleteStudy({ name: `${owner}/studies/g` }).catch(() => undefined);
      const id = between.pop();
      if (id !== undefined) await createStudy(client, id);
    })
  )
    .flat()
    .map(({ name }) => name.split('/').at(-1));
  assert.deepEqual(names, [...new Set(names)]);
  assert.deepEqual(
    ['a', 'c', 'e', 's'].filter((id) => !names.includes(id)),
    [],
  );
});
