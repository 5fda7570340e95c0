/** Every reason there is: provoked over a socket, and written down in `proto/ERRORS.md`, no more and no fewer. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { Metadata, status, type ServiceError } from '@grpc/grpc-js';
import { Level } from 'level';
import { statusOf } from '../../server/rpc/status.js';
import { keys } from '../../server/store/keys.js';
import { writeAccess } from '../access/people.js';
import { startTestServer, temporaryDirectory, type TestServer } from '../app/test-server.js';
import { limitFileSize } from '../engine/broken-disk.js';
import { createLogger } from '../../server/logger.js';
import { refused, type Refusal } from './refusal.js';
import { createStudy, oneTrial, owner, reportOf, studyRequest, withoutResource } from './study-requests.js';

interface Row {
  readonly code: string;
  readonly metadata: readonly string[];
  readonly retry: string;
}

/** The table of the documentation, by reason. */
function documented(): Map<string, Row> {
  const text = readFileSync(new URL('../../proto/ERRORS.md', import.meta.url), 'utf8');
  const rows = [...text.matchAll(/^\| `([A-Z_]+)` \|(.*)\|$/gm)].map(([, reason, rest]): [string, Row] => {
    const cells = rest!.split('|').map((cell) => cell.trim());
    assert.equal(cells.length, 5, reason);
    const [code, when, todo, metadata, retry] = cells as [string, string, string, string, string];
    assert.ok(when.endsWith('.') && todo !== '', `${reason} says when, and what to do`);
    return [reason!, { code: code.replaceAll('`', ''), metadata: metadata.match(/[a-z_]+/g) ?? [], retry }];
  });
  assert.equal(new Map(rows).size, rows.length, 'no reason comes twice');
  return new Map(rows);
}

test('the documentation has every reason with its status, and no other', () => {
  const told = [...documented()].map(([reason, { code }]) => [reason, code]);
  const known = Object.entries(statusOf).map(([reason, code]) => [reason, status[code]]);
  assert.deepEqual(Object.fromEntries(told), Object.fromEntries(known));
  assert.equal(told.length, known.length);
});

type Provoked = Map<string, Refusal[]>;

function add(provoked: Provoked, expected: string, refusal: Refusal): void {
  assert.equal(refusal.reason, expected, refusal.message);
  provoked.set(expected, [...(provoked.get(expected) ?? []), refusal]);
}

/** Whatever a client can do wrong. */
async function mistakes(t: TestContext, provoked: Provoked): Promise<void> {
  const settings = { limits: { maxParameters: 2 } };
  const { client } = await startTestServer(t, { settings });
  const note = async (reason: string, call: Promise<unknown>) => add(provoked, reason, await refused(call));
  const { name } = await createStudy(client, 's', { ...withoutResource, limits: { maxTrials: 4 } });
  await client.createStudy({ ...studyRequest('once'), requestId: 'r' });
  await createStudy(client, 'ended');
  await client.updateStudy({ study: { name: `${owner}/studies/ended`, state: 3 } });
  const [lent, stale, ended] = [
    await oneTrial(client, name, 'a'),
    await oneTrial(client, name, 'b'),
    await oneTrial(client, name, 'c'),
  ];
  await oneTrial(client, name, 'b');
  const loss = (value: number) => ({ metrics: [{ name: 'loss', value }] });
  await client.completeTrial({ name: ended.name, attempt: 1, finalMeasurement: loss(1) });
  const point = [{ name: 'x', value: { kind: { $case: 'doubleValue' as const, value: 0 } } }];

  await note('INVALID_FIELD', client.getStudy({ name: '' }));
  await note('REQUEST_ID_REUSED', client.createStudy({ ...studyRequest('twice'), requestId: 'r' }));
  await note('STUDY_NOT_FOUND', client.getStudy({ name: `${owner}/studies/none` }));
  await note('STUDY_RECREATED', client.reportMeasurement({ ...reportOf(lent, 1, 1), studyUid: 'x' }));
  await note('TRIAL_NOT_FOUND', client.getTrial({ name: `${name}/trials/99` }));
  await note('STUDY_EXISTS', createStudy(client, 's'));
  await note('STALE_ATTEMPT', client.reportMeasurement(reportOf(stale, 1, 1)));
  await note('TRIAL_ENDED', client.renewLease({ name: ended.name, attempt: 1 }));
  await note('TRIAL_LENT', client.deleteTrial({ name: lent.name }));
  await note('NO_MEASUREMENT', client.completeTrial({ name: lent.name, attempt: 1 }));
  await note(
    'FINAL_MEASUREMENT_CONFLICT',
    client.completeTrial({ name: ended.name, attempt: 1, finalMeasurement: loss(2) }),
  );
  await client.reportMeasurement(reportOf(lent, 1, 1));
  await note('MEASUREMENT_CONFLICT', client.reportMeasurement(reportOf(lent, 1, 2)));
  const study = { name: `${owner}/studies/ended`, state: 1 };
  await note('STUDY_STATE', client.updateStudy({ study }));
  await note('STUDY_COMPLETED', client.createTrial({ parent: study.name, trial: { parameters: point } }));
  await client.createTrial({ parent: name, trial: { parameters: point } });
  await note('LIMIT_EXCEEDED', client.createTrial({ parent: name, trial: { parameters: point } }));
  const domain = { $case: 'double' as const, value: { min: 0, max: 1 } };
  const parameters = ['a', 'b', 'c'].map((each) => ({ name: each, domain }));
  await note('LIMIT_EXCEEDED', createStudy(client, 'wide', { parameters }));
}

/** What those may not do who are known, and who are not. */
async function strangers(t: TestContext, provoked: Provoked): Promise<void> {
  const directory = await temporaryDirectory(t);
  const access = writeAccess(directory, [{ name: 'r', role: 'read', owners: ['default'], token: 'reader' }]);
  const { client } = await startTestServer(t, { access });
  add(provoked, 'UNAUTHENTICATED', await refused(client.listStudies({ parent: owner })));
  const metadata = new Metadata();
  metadata.set('authorization', 'Bearer reader');
  const reader = <Response>(
    call: (metadata: Metadata, done: (error: ServiceError | null, response?: Response) => void) => unknown,
  ) => new Promise<Response>((resolve, reject) => call(metadata, (e, r) => (e ? reject(e) : resolve(r!))));
  const { studyStub } = client;
  const list = (parent: string) =>
    reader((as, done) => studyStub.listStudies({ parent, pageSize: 0, pageToken: '' }, as, done));
  await list(owner);
  add(provoked, 'OWNER_NOT_FOUND', await refused(list('owners/other')));
  const remove = reader((as, done) =>
    studyStub.deleteStudy({ name: `${owner}/studies/s`, requestId: '' }, as, done),
  );
  add(provoked, 'PERMISSION_DENIED', await refused(remove));
}

/** A disk on which nothing can be written, one that is full, and a record that is not what was written. */
async function disks(t: TestContext, provoked: Provoked): Promise<void> {
  const server = await startTestServer(t);
  const { client, dataDir } = server;
  const { name, uid } = await createStudy(client, 's', withoutResource);
  await oneTrial(client, name, 'a');
  t.after(() => limitFileSize('unlimited'));
  limitFileSize(1);
  const rename = () => client.updateStudy({ study: { name, displayName: 'x'.repeat(900) } });
  add(provoked, 'COMMIT_OUTCOME_UNKNOWN', await refused(rename()));
  add(provoked, 'STORE_UNAVAILABLE', await refused(rename()));
  limitFileSize('unlimited');
  await server.stop();

  const database = new Level<string, Uint8Array>(join(dataDir, 'db'), { valueEncoding: 'view' });
  await database.put(keys.trial(uid, 1), Buffer.from('garbage'));
  await database.close();
  const settings = { store: { freeSpaceFloorBytes: 2 ** 60 } };
  const again = await startTestServer(t, { dataDir, settings });
  add(provoked, 'DATA_DAMAGED', await refused(again.client.getTrial({ name: `${name}/trials/1` })));
  add(provoked, 'LIMIT_EXCEEDED', await refused(createStudy(again.client, 'new')));
}

/** The end of a server, and that of a caller, which only the log tells. */
async function ends(t: TestContext, provoked: Provoked): Promise<void> {
  const lines: string[] = [];
  const destination = { write: (line: string) => void lines.push(line) };
  const logger = createLogger({ level: 'debug', destination });
  const server = await startTestServer(t, { logger });
  const { client } = server;
  const spec = { ...withoutResource, limits: { maxParallelTrials: 1 } };
  const { name } = await createStudy(client, 's', spec);
  await oneTrial(client, name, 'a');
  const gone = new AbortController();
  const left = client.suggestTrials({ parent: name, clientId: 'b' }, { signal: gone.signal });
  const waits = client.suggestTrials({ parent: name, clientId: 'c' });
  await untilWaiting(server, name);
  gone.abort();
  assert.equal((await refused(left)).code, 'CANCELLED');
  const told = () => lines.find((line) => line.includes('"reason":"CANCELLED"'));
  for (let i = 0; told() === undefined && i < 400; i++) await delay(25);
  assert.equal((JSON.parse(told()!) as { code: number }).code, status.CANCELLED);
  provoked.set('CANCELLED', []);
  const closed = server.close();
  add(provoked, 'DRAINING', await refused(waits));
  await closed;
}

/** Calls on one connection are taken in their order: an answer to a later one says that the earlier were. */
async function untilWaiting({ client }: TestServer, parent: string): Promise<void> {
  await refused(client.suggestTrials({ parent, clientId: '' }));
}

test('every reason is told over a socket, with the details that are written down', async (t) => {
  const provoked: Provoked = new Map();
  for (const part of [mistakes, strangers, disks, ends]) await part(t, provoked);
  const table = documented();
  assert.deepEqual([...provoked.keys()].sort(), [...table.keys()].sort());
  for (const [reason, refusals] of provoked) {
    const { code, metadata, retry } = table.get(reason)!;
    const seen = new Set<string>();
    for (const refusal of refusals) {
      assert.equal(refusal.code, code, reason);
      assert.equal(refusal.domain, 'wazir');
      assert.notEqual(refusal.message, '');
      for (const key of Object.keys(refusal.metadata)) seen.add(key);
      if (retry === 'yes') assert.ok(refusal.retrySeconds! > 0, reason);
      if (retry === 'no') assert.equal(refusal.retrySeconds, undefined, reason);
      checkDetail(refusal);
    }
    assert.deepEqual([...seen].sort(), [...metadata].sort(), reason);
  }
  // Where waiting may help it is said, else not.
  const limits = provoked
    .get('LIMIT_EXCEEDED')!
    .map(({ metadata, retrySeconds }) => [metadata['limit'], retrySeconds]);
  assert.deepEqual(limits, [
    ['max_trials', undefined],
    ['max-parameters', undefined],
    ['free_disk_space', 10],
  ]);
});

/** The detail that `google.rpc` has for the status. */
function checkDetail({ code, reason, fields, resource, precondition, quota, metadata }: Refusal): void {
  assert.equal(
    fields.length > 0,
    code === 'INVALID_ARGUMENT' || metadata['limit'] === 'max-parameters',
    reason,
  );
  assert.equal(resource !== undefined, code === 'NOT_FOUND' || code === 'ALREADY_EXISTS', reason);
  assert.equal(precondition !== undefined, code === 'FAILED_PRECONDITION', reason);
  assert.equal(quota !== undefined, code === 'RESOURCE_EXHAUSTED', reason);
  if (precondition) assert.equal(precondition[0], reason);
  if (quota) assert.equal(quota[1], metadata['limit']);
  if (resource) {
    const types = { 2: 'wazir.v1.Owner', 4: 'wazir.v1.Study', 6: 'wazir.v1.Trial' };
    assert.equal(resource[0], types[resource[1].split('/').length as 2]);
  }
}
