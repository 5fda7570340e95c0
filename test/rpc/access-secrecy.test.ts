/** What a caller may not know of is answered as what was never there, in every method, and shows nowhere. */
import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { createLogger } from '../../server/logger.js';
import { everyMethod } from '../access/every-method.js';
import { expectations } from '../access/expectations.js';
import { writeAccess } from '../access/people.js';
import { prepareStudy } from '../access/prepare-study.js';
import { RawCaller, type Outcome } from '../access/raw-caller.js';
import { startTestServer, temporaryDirectory } from '../app/test-server.js';

const canaryOwner = 'canary-owner-7f3a';
const canaryStudy = 'canary-study-91bc';
const canaryToken = 'canary-token-e5d0';
const tokens = { foreign: 'foreign-token', reader: 'reader-token', all: 'all-token' };
const bearer = (token: string) => `Bearer ${token}`;

interface World {
  readonly caller: RawCaller;
  readonly call: (path: string, request: object, token: string) => Promise<Outcome>;
  /** All lines of the log so far. */
  readonly log: () => string;
}

async function start(t: TestContext): Promise<World> {
  const lines: string[] = [];
  const destination = { write: (line: string) => void lines.push(line) };
  const access = writeAccess(await temporaryDirectory(t), [
    { name: 'canary', role: 'admin', owners: canaryOwner, token: canaryToken },
    { name: 'foreign', role: 'admin', owners: ['mine', 'mine-too'], token: tokens.foreign },
    { name: 'reader', role: 'read', owners: 'mine', token: tokens.reader },
    { name: 'all', role: 'admin', token: tokens.all },
  ]);
  const { address } = await startTestServer(t, {
    access,
    logger: createLogger({ level: 'trace', destination }),
  });
  const caller = new RawCaller(address);
  t.after(() => caller.close());
  await prepareStudy(caller, `owners/${canaryOwner}`, canaryStudy, bearer(canaryToken));
  return {
    caller,
    call: (path, request, token) => caller.call(everyMethod.get(path)!, request, bearer(token)),
    log: () => lines.join(''),
  };
}

/** An outcome with one name for all that were asked for. */
function nameless(outcome: Outcome, owner: string, study: string): unknown {
  const text = JSON.stringify(outcome).replaceAll(owner, 'OWNER').replaceAll(study, 'STUDY');
  return JSON.parse(text);
}

const aboutOwners = [...everyMethod.keys()].filter((path) => expectations[path]?.about === 'an owner');

test('another owner’s is answered as what never existed: same code, reason, text and details', async (t) => {
  const { call, log } = await start(t);
  for (const path of aboutOwners) {
    const request = (owner: string, study: string) =>
      expectations[path]!.request(`owners/${owner}`, `owners/${owner}/studies/${study}`);
    const ask = async (owner: string, study: string, token: string) =>
      nameless(await call(path, request(owner, study), token), owner, study);
    const there = await ask(canaryOwner, canaryStudy, tokens.foreign);
    assert.deepEqual(there, await ask('nobody-owner', 'nothing-study', tokens.foreign), path);
    assert.deepEqual(there, await ask(canaryOwner, 'nothing-study', tokens.foreign), path);
    // Nor does the role tell: a reader is refused what is not there as everybody is.
    if (!expectations[path]!.roleFirst)
      assert.deepEqual(there, await ask(canaryOwner, canaryStudy, tokens.reader), path);
    // And to who may know of it, what is not there is not there in the same words. An owner without studies is.
    if (/\/(CreateStudy|ListStudies)$/.test(path)) continue;
    assert.deepEqual(there, await ask('nobody-owner', 'nothing-study', tokens.all), path);
  }
  const told = log();
  assert.ok(told.includes('"code":5'), 'the calls are in the log');
  for (const secret of [canaryStudy, canaryToken, ...Object.values(tokens)])
    assert.ok(!told.includes(secret), `${secret} is in no log line`);
  assert.ok(!told.includes(`owners/${canaryOwner}`));
});

test('nothing of another owner is in what a caller gets of its own', async (t) => {
  const { caller, call } = await start(t);
  const mine = await prepareStudy(caller, 'owners/mine', 's', bearer(tokens.foreign));
  const answers: string[] = [];
  for (const path of everyMethod.keys()) {
    const study = /Delete|Stop|Complete|Release/.test(path)
      ? await prepareStudy(caller, 'owners/mine-too', `of-${path.split('/').at(-1)!}`, bearer(tokens.foreign))
      : mine;
    answers.push(
      JSON.stringify(await call(path, expectations[path]!.request('owners/mine', study), tokens.foreign)),
    );
  }
  // Names that stand where they mean nothing, and an id that another owner's request had.
  const foreign = `owners/${canaryOwner}/studies/${canaryStudy}`;
  const create = expectations['/wazir.v1.StudyService/CreateStudy']!.request('owners/mine', '') as {
    study: object;
  };
  const requestId = 'the-same-id';
  const given = { ...create, parent: `owners/${canaryOwner}`, study_id: 'other', request_id: requestId };
  assert.equal((await call('/wazir.v1.StudyService/CreateStudy', given, canaryToken)).code, 'OK');
  const own = { ...given, parent: 'owners/mine', study: { ...create.study, name: foreign, uid: 'x' } };
  const made = await call('/wazir.v1.StudyService/CreateStudy', own, tokens.foreign);
  assert.equal((made.answer as { name: string }).name, 'owners/mine/studies/other');
  const trial = { name: `${foreign}/trials/1`, parameters: [{ name: 'x', value: { double_value: 0.5 } }] };
  const added = await call('/wazir.v1.TrialService/CreateTrial', { parent: mine, trial }, tokens.foreign);
  assert.match((added.answer as { name: string }).name, /^owners\/mine\/studies\/s\/trials\/\d+$/);
  answers.push(JSON.stringify(made), JSON.stringify(added));
  for (const answer of answers) assert.doesNotMatch(answer, /canary/);
});

test('a malformed name is one for everybody, whoever’s it would be', async (t) => {
  const { call } = await start(t);
  const owners = [
    '',
    'owners',
    'owners/',
    `owners/${canaryOwner}/`,
    `owners/${canaryOwner}\u0000`,
    'owners/..',
    canaryOwner,
  ];
  const studies = [
    ...[
      '',
      'owners',
      `owners/${canaryOwner}`,
      `owners/${canaryOwner}/studies`,
      `owners/${canaryOwner}/studies/`,
    ],
    ...[
      `owners/${canaryOwner}/studies/..`,
      `owners/${canaryOwner}/studies/a/b`,
      `owners//studies/a`,
      'owners/mine/studies/',
    ],
    `/owners/${canaryOwner}/studies/a`,
  ];
  for (const path of aboutOwners) {
    const asks = [
      ...(/(Create|List)(Study|Studies)$/.test(path) ? owners.map((owner) => [owner, 'x'] as const) : []),
      ...(/(Create|List)(Study|Studies)$/.test(path) ? [] : studies.map((study) => ['x', study] as const)),
    ];
    for (const [owner, study] of asks) {
      const request = expectations[path]!.request(owner, study);
      const [first, ...others] = await Promise.all(
        [
          tokens.all,
          tokens.foreign,
          canaryToken,
          ...(expectations[path]!.roleFirst ? [] : [tokens.reader]),
        ].map((token) => call(path, request, token)),
      );
      assert.equal(first!.code, 'INVALID_ARGUMENT', `${path} ${JSON.stringify(study)}`);
      for (const other of others) assert.deepEqual(other, first, `${path} ${JSON.stringify([owner, study])}`);
    }
  }
});

test('strangers learn nothing of what is wrong with a message', async (t) => {
  const { caller } = await start(t);
  const getStudy = everyMethod.get('/wazir.v1.StudyService/GetStudy')!;
  const garbage = { ...getStudy, requestSerialize: () => Buffer.from([0xff, 0xff, 0xff]) };
  assert.equal((await caller.call(garbage, {})).code, 'UNAUTHENTICATED');
  assert.equal((await caller.call(garbage, {}, 'Bearer wrong')).code, 'UNAUTHENTICATED');
  assert.equal((await caller.call(garbage, {}, bearer(tokens.reader))).code, 'INVALID_ARGUMENT');
});
