/** A disk that fails under the real server: no promise is broken, and it serves again once the disk does. */
import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { temporaryDirectory } from '../app/test-server.js';
import { FaultedDirectory, type FaultedRun } from './faulted-run.js';
import { isThere, straceWorks } from './strace.js';

/** Every n-th place at which a call may fail is tried. */
const stride = Number(process.env['WAZIR_TEST_FAULT_STRIDE'] ?? 4);

async function directoryOf(t: TestContext): Promise<FaultedDirectory> {
  const directory = new FaultedDirectory(await temporaryDirectory(t));
  t.after(() => directory.close());
  return directory;
}

/** What holds of any run: refused in one line at the start, or callers told and served again. */
function assertAsPromised({ notStarted, refusals, states, fired }: FaultedRun): void {
  if (notStarted) {
    assert.ok(notStarted.code, 'it ends with an error');
    assert.match(notStarted.said, /^wazir: [^\n]+\n$/);
    return;
  }
  if (!fired) return assert.deepEqual(refusals, []);
  // A call whose outcome nobody knows comes as UNAVAILABLE; meanwhile others are refused.
  for (const told of refusals) assert.match(told, /^(UNAVAILABLE|STORE_UNAVAILABLE|LIMIT_EXCEEDED)$/);
  if (refusals.length === 0) return;
  assert.deepEqual(states, ['SERVING', 'NOT_SERVING', 'SERVING']);
}

/** Lets the n-th call fail, for every n, until the script gets through without. */
async function failEach(
  t: TestContext,
  faultAt: (n: number) => string,
  paths: (directory: FaultedDirectory) => string[] = () => [],
): Promise<void> {
  if (!isThere(t, straceWorks(), 'strace')) return;
  let fired = 0;
  let told = 0;
  for (let n = 1; ; n += stride) {
    assert.ok(n < 100, 'the script gets through in the end');
    const directory = await directoryOf(t);
    const run = await directory.run([faultAt(n)], paths(directory));
    assertAsPromised(run);
    await directory.assertNothingLost();
    if (!run.fired) break;
    fired++;
    if (run.refusals.length > 0) told++;
  }
  assert.ok(fired > 0 && told > 0, 'the fault came to pass, also while it served');
  t.diagnostic(`${fired} places, ${told} of them while it served`);
}

test('an fdatasync that fails, at any place', (t) =>
  failEach(t, (n) => `inject=fdatasync:error=EIO:when=${n}`));

const firstLog = ({ dataDir }: FaultedDirectory) => [join(dataDir, 'db', '000003.log')];

test('a write to the log that fails, at any place', (t) =>
  failEach(t, (n) => `inject=write:error=EIO:when=${n}`, firstLog));

test('a write to the log for which there is no space, at any place', (t) =>
  failEach(t, (n) => `inject=write:error=ENOSPC:when=${n}`, firstLog));

test('while the disk goes on failing nothing is acknowledged, and the server says so', async (t) => {
  if (!isThere(t, straceWorks(), 'strace')) return;
  const directory = await directoryOf(t);
  const run = await directory.run(['inject=fdatasync:error=EIO:when=7+'], [], async (_, script, health) => {
    const playing = script.play().catch(() => undefined);
    while (script.refusals.length < 20) await sleep(20);
    assert.deepEqual(health.states, ['SERVING', 'NOT_SERVING']);
    const before = directory.acknowledged;
    while (script.refusals.length < 40) await sleep(20);
    assert.equal(directory.acknowledged, before);
    assert.ok(before > 0, 'something had been acknowledged');
    void playing;
  });
  assert.ok(run.logged.includes('store can not be reopened yet'));
  await directory.assertNothingLost();
});

test('a reopening that fails itself is tried again', async (t) => {
  if (!isThere(t, straceWorks(), 'strace')) return;
  const directory = await directoryOf(t);
  // Four renames belong to the start: LOG, CURRENT twice, the identity file. The sixth is that of CURRENT, later.
  const faults = ['inject=fdatasync:error=EIO:when=8', 'inject=rename:error=EIO:when=6'];
  const run = await directory.run(faults);
  assertAsPromised(run);
  assert.ok(run.refusals.length > 0);
  assert.ok(run.logged.includes('store can not be reopened yet'));
  assert.ok(run.logged.includes('store reopened'));
  await directory.assertNothingLost();
});

test('a file that can not be opened, renamed or synced at the start', async (t) => {
  if (!isThere(t, straceWorks(), 'strace')) return;
  const directory = await directoryOf(t);
  await directory.run(['inject=rename:error=EIO:when=99']);
  const named = (pattern: RegExp) => {
    const db = join(directory.dataDir, 'db');
    return readdirSync(db)
      .filter((name) => pattern.test(name))
      .map((name) => join(db, name));
  };
  const files: (() => string[])[] = [
    () => [join(directory.dataDir, 'wazir.json')],
    () => named(/^CURRENT$/),
    () => named(/^MANIFEST-/),
    () => named(/\.log$/),
    () => named(/^LOCK$/),
    () => named(/^LOG$/),
  ];
  let refused = 0;
  const tryStart = async (fault: string, paths: string[]) => {
    const run = await directory.run([fault], paths);
    assertAsPromised(run);
    if (run.notStarted) refused++;
  };
  for (const of of files) await tryStart('inject=openat:error=EMFILE:when=1', of());
  for (const n of [1, 2]) await tryStart(`inject=rename:error=EIO:when=${n}`, []);
  for (const n of [1, 2]) await tryStart(`inject=fsync:error=EIO:when=${n}`, []);
  await directory.assertNothingLost();
  assert.ok(refused >= 6, `${refused} of them kept it from starting`);
});

test('a log that can not be read is named, and left alone', async (t) => {
  if (!isThere(t, straceWorks(), 'strace')) return;
  const directory = await directoryOf(t);
  await directory.run(['inject=rename:error=EIO:when=99']);
  for (const n of [1, 2]) {
    const db = join(directory.dataDir, 'db');
    const log = readdirSync(db).find((name) => name.endsWith('.log'))!;
    const { notStarted, fired } = await directory.run([`inject=read:error=EIO:when=${n}`], [join(db, log)]);
    assert.ok(fired);
    assert.match(notStarted!.said, new RegExp(`^wazir: .*${log} can not be read: EIO`));
    assert.ok(readdirSync(db).includes(log));
  }
  await directory.assertNothingLost();
});
