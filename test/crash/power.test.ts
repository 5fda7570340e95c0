/**
 * Power loss, which kill -9 does not show. A server runs under strace; what its
 * directory would hold had the power been cut is told from its syncs, and a copy
 * cut back to that is held to the ledger. And no reply leaves before the sync
 * that makes it true.
 */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { temporaryDirectory } from '../app/test-server.js';
import { createStudy, oneTrial, owner, reportOf, specOf, withoutResource } from '../rpc/study-requests.js';
import { TestClient } from '../test-client.js';
import { CrashCheck } from './crash-check.js';
import { checkServer, loadAndKill } from './crash-life.js';
import { copyIfThere, DurableState, type NameModel } from './durable-state.js';
import { Findings } from './findings.js';
import { Ledger, LedgerReader } from './ledger.js';
import type { Listing } from './listing.js';
import { World, type Held } from './load-world.js';
import { Connection, decodeRequest } from './methods.js';
import { Random } from './random.js';
import { startServerProcess } from './server-process.js';
import { isThere, straceWorks } from './strace.js';
import { fileOf, readTrace, traceFlags, writesToPeer, type SystemCall } from './trace.js';

const seed = Number(process.env['WAZIR_TEST_SEED'] ?? 5);
const lives = Number(process.env['WAZIR_TEST_POWER_CUTS'] ?? 4);
/** A disk that takes its time: whoever does not wait for it is ahead of it. In microseconds. */
const syncTakes = 4000;

function traced(path: string): { under: string[] } {
  const slow = `inject=fdatasync:delay_enter=${syncTakes}`;
  return { under: ['strace', ...traceFlags, '-e', slow, '-o', path] };
}

function hasStrace(t: TestContext): boolean {
  return isThere(t, straceWorks(), 'strace');
}

test('a directory cut back to its last syncs holds every acknowledged call', async (t) => {
  if (!hasStrace(t)) return;
  const directory = await temporaryDirectory(t);
  const ledger = new Ledger(join(directory, 'ledger.jsonl'));
  const findings = new Findings();
  const check = new CrashCheck(findings, ledger);
  t.after(() => {
    check.close();
    ledger.close();
  });
  const random = new Random(seed);
  const ghosts: Held[] = [];
  let ordered = 0;
  let listing: Listing = new Map();
  let dataDir = join(directory, 'data-0');
  for (let life = 0; life < lives; life++) {
    const model: NameModel = life < 2 ? 'strict' : 'journal';
    const before = join(directory, `before-${life}`);
    await copyIfThere(dataDir, before);
    const trace = join(directory, `trace-${life}`);
    const server = await startServerProcess(dataDir, traced(trace));
    t.after(() => server.kill());
    const told = ledger.acknowledged;
    const writing = life === 1 ? overfill(server.address, ledger) : undefined;
    const until = writing?.filled ?? sleep(random.between(500, 2500));
    await loadAndKill(server, new World(ledger, life, ghosts), listing, random, seed, until);
    await writing?.ended;

    const calls = readTrace(trace);
    if (writing) assert.ok(logsOf(calls) > 1, 'LevelDB has begun another log');
    const state = new DurableState(dataDir, before, model);
    state.replay(calls);
    ordered += checkOrder(findings, ledger, calls);
    dataDir = join(directory, `data-${life + 1}`);
    // Of what was not synced, a power cut leaves nothing, or some.
    await state.write(dataDir, (unsynced) => (life < 2 ? 0 : Math.floor(unsynced * random.next())));

    const reopened = await startServerProcess(dataDir);
    t.after(() => reopened.kill());
    listing = await checkServer(reopened, check, random);
    await reopened.kill();
    findings.assertNone();
    t.diagnostic(
      `seed ${seed}, names ${model}: ${ledger.acknowledged - told} acknowledged, ${countSyncs(calls)} syncs of the log, ` +
        `${findings.found} found in all, none lost`,
    );
  }
  t.diagnostic(`${ordered} answers were found in the traces, each after a sync of the log`);
  assert.ok(ordered > 0);
  // The life that overfills the log alone has as many.
  assert.ok(ledger.acknowledged > 100, `${ledger.acknowledged} calls were acknowledged`);
});

test('of one caller, each answer follows a sync of its own', async (t) => {
  if (!hasStrace(t)) return;
  const directory = await temporaryDirectory(t);
  const trace = join(directory, 'trace');
  const server = await startServerProcess(join(directory, 'data'), traced(trace));
  t.after(() => server.kill());
  const client = new TestClient(server.address);
  const { name } = await createStudy(client, 'lock-step', withoutResource);
  const trial = await oneTrial(client, name, 'worker');
  let acknowledged = 2;
  for (let step = 1; step <= 30; step++, acknowledged++)
    await client.reportMeasurement(reportOf(trial, step, step));
  for (let i = 0; i < 10; i++, acknowledged++) {
    const metadata = { key: `${i}`, value: { $case: 'text' as const, value: 'x' } };
    await client.updateMetadata({ name, updates: [{ metadata }], requestId: `${i}` });
  }
  client.close();
  await server.kill();

  const all = readTrace(trace);
  // The first thing said to the caller is the greeting of HTTP/2; what was written before is the opening's.
  const greeting = all.find(writesToPeer)!;
  const calls = all.filter(({ began }) => began > greeting.began);
  const writes = calls.filter((call) => call.name === 'write' && isLog(fileOf(call)));
  const syncs = calls.filter(isLogSync);
  assert.deepEqual([writes.length, syncs.length], [acknowledged, acknowledged]);
  for (const [i, write] of writes.entries()) {
    const sync = syncs[i]!;
    assert.ok(sync.began > write.ended, 'a sync after each write');
    const early = calls.filter(
      (call) => writesToPeer(call) && call.began > write.began && call.began < sync.ended,
    );
    assert.deepEqual(early, [], 'nothing is said between');
  }
  t.diagnostic(`${acknowledged} acknowledged, ${syncs.length} syncs of the log, each before its answer`);
});

/** More than a write buffer of LevelDB. */
const overfillAt = 5 * 2 ** 20;

/** Writes so much that LevelDB turns its log into a table and begins another, and goes on until the server is gone. */
function overfill(address: string, ledger: Ledger): { filled: Promise<void>; ended: Promise<void> } {
  let fill: () => void = () => undefined;
  const filled = new Promise<void>((resolve) => (fill = resolve));
  return { filled, ended: write() };

  async function write(): Promise<void> {
    const connection = new Connection(address);
    const study = await ledger.call(connection, 'createStudy', {
      parent: owner,
      studyId: 'large',
      study: { spec: specOf(), labels: { made: 'large' } },
      requestId: 'large',
    });
    const { name = '', uid = '' } = study.ok ?? {};
    let bytes = 0;
    for (let i = 0, isGone = !study.ok; !isGone; i++) {
      // One key: the record does not grow.
      const value = { $case: 'text' as const, value: String(i % 10).repeat(48_000) };
      const request = { name, updates: [{ metadata: { key: 'large', value } }], requestId: `large-${i}` };
      isGone = !(await ledger.call(connection, 'updateMetadata', request, { uid })).ok;
      bytes += value.value.length;
      if (bytes > overfillAt) fill();
    }
    connection.close();
    fill();
  }
}

function logsOf(calls: readonly SystemCall[]): number {
  return new Set(calls.filter(isLogSync).map(fileOf)).size;
}

const isLog = (path: string | undefined) => path?.endsWith('.log') ?? false;

function isLogSync(call: SystemCall): boolean {
  return call.name === 'fdatasync' && call.result === 0 && isLog(fileOf(call));
}

function countSyncs(calls: readonly SystemCall[]): number {
  return calls.filter(isLogSync).length;
}

/**
 * Answers that repeat a text of their request are found in the trace: in a write
 * to the log, and in one to the peer. Between the two the log has been synced.
 * Returns how many were found.
 */
function checkOrder(findings: Findings, ledger: Ledger, calls: readonly SystemCall[]): number {
  const reader = new LedgerReader(ledger.path);
  const texts: string[] = [];
  for (const { method, body, outcome } of reader.read()) {
    if (outcome.kind !== 'ok') continue;
    if (method === 'createTrial') texts.push(decodeRequest(method, body).trial!.labels['made']!);
  }
  reader.close();
  const logged = calls.filter((call) => call.name === 'write' && isLog(fileOf(call)));
  const told = calls.filter(writesToPeer);
  const syncs = calls.filter(isLogSync);
  let seen = 0;
  for (const text of texts) {
    // As strace shows the key, the tag and the length before it.
    const here = new RegExp(`made\\\\22\\\\[0-7a-z]{1,3}?${text}(?![0-9])`);
    const write = logged.find((call) => here.test(call.arguments));
    const reply = told.find((call) => here.test(call.arguments));
    if (!write || !reply) continue;
    seen++;
    const sync = syncs.find(({ began }) => began > write.ended);
    findings.expect(
      sync !== undefined && sync.ended < reply.began,
      'broken',
      () => `the answer to ${text} left before the log was synced`,
    );
  }
  return seen;
}
