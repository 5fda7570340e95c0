/** A backup made into a database again: all of it, or nothing. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cp, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { before, test, type TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { examine } from '../../server/doctor/examine.js';
import type { Trial } from '../../server/gen/wazir/v1/trial.js';
import { BackupError } from '../../server/store/backup-error.js';
import { readIdentity } from '../../server/store/identity.js';
import { openLevelStore } from '../../server/store/level.js';
import { restoreBackup } from '../../server/store/restore.js';
import { markRestore } from '../../server/store/restore-marker.js';
import { busySpecs, playBusily } from '../doctor/busy-history.js';
import { EngineWorld } from '../engine/engine-world.js';
import { StudyDriver } from '../engine/study-driver.js';
import { backupOf, pieces, summaryOf } from './backup-files.js';
import { refusedAs } from './store-access.js';
import { temporaryDirectory, type Ending } from './temporary-directory.js';

const endings: (() => Promise<void>)[] = [];
const suite: Ending = { after: (fn) => void endings.push(fn) };
let source = '';
let file = Buffer.alloc(0);

before(async () => {
  const world = await EngineWorld.open(suite);
  await playBusily(world, 6, 50);
  source = join(await temporaryDirectory(suite), 'source');
  await world.offline(() => cp(world.directory, source, { recursive: true }));
  file = Buffer.from(await backupOf(source));
});

test.after(async () => {
  for (const end of endings.reverse()) await end();
});

async function target(t: TestContext): Promise<string> {
  return join(await temporaryDirectory(t), 'target');
}

/** What each study hands out next, with the points. */
async function nextJobs(world: EngineWorld): Promise<Record<string, unknown>> {
  const jobs: Record<string, unknown> = {};
  for (const study of Object.keys(busySpecs)) {
    const driver = new StudyDriver(world, { owner: 'test', study });
    const told: Partial<Trial>[] = [];
    for (let ask = 0; ask < 8; ask++) {
      const { trials, studyState } = await driver.ask(`late${ask % 3}`, { requestId: `late-${ask}` });
      for (const { id, parameters, scheduling, assignment } of trials) {
        told.push({ id, parameters, scheduling, assignment: { ...assignment!, leaseExpireTime: undefined } });
        await driver.report(
          { trial: id, attempt: assignment!.attempt },
          assignment!.toResource || 1,
          (id * 7) % 11,
        );
      }
      told.push({ state: studyState as number });
    }
    jobs[study] = told;
  }
  return jobs;
}

test('what is restored is what was backed up, and decides what the source decides', async (t) => {
  const directory = await target(t);
  const { id, entries, entriesSha256, header } = await restoreBackup(() => pieces(file), directory);
  assert.ok(entries > 500, `${entries}`);
  assert.notEqual(id, header.databaseId, 'an identity of its own');
  assert.deepEqual((await examine(directory)).findings, []);

  const again = await summaryOf(await backupOf(directory));
  assert.equal(again.entriesSha256, entriesSha256, 'the same records, byte for byte');
  assert.equal(again.entries, entries);
  assert.equal(again.header.databaseId, id);

  const store = await openLevelStore({ directory });
  assert.equal(store.id, id);
  assert.ok(store.epoch > header.epoch, 'a later epoch than that of the backup');
  await store.close();
  assert.equal(
    (await summaryOf(await backupOf(directory))).entriesSha256,
    entriesSha256,
    'opened, nothing changed',
  );

  const of = join(await temporaryDirectory(t), 'of');
  await cp(source, of, { recursive: true });
  const original = await nextJobs(await EngineWorld.on(of, t));
  const restored = await nextJobs(await EngineWorld.on(directory, t));
  assert.deepEqual(restored, original);
  assert.ok(JSON.stringify(original).length > 5000, 'something was handed out');
});

test('nothing is restored from a file that is not whole, and the directory is untouched', async (t) => {
  const directory = await target(t);
  const cases = [
    file.subarray(0, file.length - 1),
    file.subarray(0, 1000),
    Buffer.from('something else'),
    Buffer.alloc(0),
  ];
  for (let i = 0; i < 30; i++) {
    const flipped = Buffer.from(file);
    flipped[Math.floor((file.length * i) / 30)]! ^= 0x10;
    cases.push(flipped);
  }
  for (const bad of cases)
    await assert.rejects(
      restoreBackup(() => pieces(bad), directory),
      BackupError,
    );
  await assert.rejects(readdir(directory), { code: 'ENOENT' });
  await mkdir(directory);
  for (const bad of cases.slice(0, 3))
    await assert.rejects(
      restoreBackup(() => pieces(bad), directory),
      BackupError,
    );
  assert.deepEqual(await readdir(directory), []);
});

test('a file that changes between the two readings leaves nothing behind', async (t) => {
  const directory = await target(t);
  let passes = 0;
  const changing = () => pieces(++passes === 1 ? file : file.subarray(0, file.length / 2));
  await assert.rejects(restoreBackup(changing, directory), BackupError);
  assert.deepEqual(await readdir(directory), []);
});

test('a directory that holds anything is refused', async (t) => {
  const directory = await target(t);
  await mkdir(directory);
  await writeFile(join(directory, 'notes'), 'mine');
  await refusedAs(
    'FOREIGN_DIRECTORY',
    restoreBackup(() => pieces(file), directory),
  );
  assert.deepEqual(await readdir(directory), ['notes']);

  const used = await target(t);
  await cp(source, used, { recursive: true });
  await refusedAs(
    'FOREIGN_DIRECTORY',
    restoreBackup(() => pieces(file), used),
  );
  assert.deepEqual((await examine(used)).findings, []);
});

test('a restore that is killed leaves nothing that opens, and may be begun again', async (t) => {
  const parent = await temporaryDirectory(t);
  const path = join(parent, 'backup');
  await writeFile(path, file);
  const script = fileURLToPath(new URL('./restoring-process.ts', import.meta.url));
  for (const bytes of [0, file.length / 3, file.length]) {
    const directory = join(parent, `killed-${Math.floor(bytes)}`);
    const given = [
      '--import',
      import.meta.resolve('tsx'),
      script,
      path,
      directory,
      String(Math.floor(bytes)),
    ];
    const child = spawn(process.execPath, given, { stdio: 'inherit' });
    const [, signal] = (await once(child, 'exit')) as [number | null, string | null];
    assert.equal(signal, 'SIGKILL');
    assert.ok((await readdir(directory)).length > 1, 'it had begun');
    await refusedAs('RESTORE_UNFINISHED', openLevelStore({ directory }));
    assert.match((await examine(directory)).findings[0]!.what, /has not ended/);
    await refusedAs('RESTORE_UNFINISHED', backupOf(directory));

    const { entriesSha256 } = await restoreBackup(() => pieces(file), directory);
    assert.equal((await summaryOf(await backupOf(directory))).entriesSha256, entriesSha256);
    await (await openLevelStore({ directory })).close();
  }
});

test('a crash right before the mark is taken away is a restore that has not ended', async (t) => {
  const directory = await target(t);
  await restoreBackup(() => pieces(file), directory);
  await markRestore(directory);
  const { id } = (await readIdentity(directory))!;
  await refusedAs('RESTORE_UNFINISHED', openLevelStore({ directory }));
  assert.notEqual((await restoreBackup(() => pieces(file), directory)).id, id);
  assert.deepEqual((await examine(directory)).findings, []);
});

test('a restore into a directory that can not be made says so', async (t) => {
  const parent = await temporaryDirectory(t);
  await writeFile(join(parent, 'file'), '');
  await refusedAs(
    'DIRECTORY_UNUSABLE',
    restoreBackup(() => pieces(file), join(parent, 'file', 'data')),
  );
  await refusedAs(
    'DIRECTORY_UNUSABLE',
    restoreBackup(() => pieces(file), '/proc/wazir/data'),
  );
  assert.equal((await readFile(join(parent, 'file'))).length, 0);
  await rm(join(parent, 'file'));
});
