/** `wazir backup`, `wazir restore` and `wazir doctor`, as they are typed. */
import assert from 'node:assert/strict';
import { createReadStream, mkdtempSync, rmSync } from 'node:fs';
import { cp, mkdir, readdir, readFile, stat, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { readBackup } from '../../server/store/backup-reader.js';
import { startServerProcess } from '../crash/server-process.js';
import { Damage } from '../doctor/damage.js';
import { ashaStudy, TestServer } from './server.js';
import { wazir } from './wazir.js';

function temporary(t: TestContext): string {
  const directory = mkdtempSync(join(tmpdir(), 'wazir-cli-'));
  t.after(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

async function server(t: TestContext): Promise<TestServer> {
  const it = await TestServer.start(t);
  await it.create(ashaStudy, 's');
  for (const accuracy of [0.1, 0.2, 0.3]) await it.report((await it.suggest('s'))!, 1, accuracy);
  return it;
}

test('a running server is backed up to a file, and restored from it', async (t) => {
  const source = await server(t);
  const directory = temporary(t);
  const file = join(directory, 'a backup');
  await writeFile(file, 'an older one');
  const backup = await source.wazir(['backup', '--output', file]);
  assert.deepEqual([backup.code, backup.stderr], [0, '']);
  assert.match(backup.stdout, /^.*a backup: \d+ records of database [0-9a-f-]+\n$/);
  assert.deepEqual(await readdir(directory), ['a backup'], 'nothing else is left');
  assert.equal((await stat(file)).mode & 0o777, 0o600);

  const data = join(directory, 'data');
  const restore = await wazir(['restore', file, '--data', data]);
  assert.deepEqual([restore.code, restore.stderr], [0, '']);
  assert.match(restore.stdout, /^.*data: \d+ records as of 20\d\d-.*Z, now database [0-9a-f-]+\n$/);
  const doctor = await wazir(['doctor', '--data', data]);
  assert.deepEqual([doctor.code, doctor.stderr], [0, '']);
  assert.match(doctor.stdout, /data: 1 studies, 3 trials, 3 measurements, nothing is wrong\n$/);

  const again = await wazir(['restore', file, '--data', data]);
  assert.deepEqual([again.code, again.stdout], [4, '']);
  assert.match(
    again.stderr,
    /is not empty \(it holds .*\); a backup is restored into an empty directory alone/,
  );
});

test('JSON says the same to programs', async (t) => {
  const source = await server(t);
  const directory = temporary(t);
  const file = join(directory, 'b');
  const backup = JSON.parse((await source.wazir(['backup', '-o', file, '--json'])).stdout) as Record<
    string,
    unknown
  >;
  const restored = JSON.parse(
    (await wazir(['restore', file, '--data', join(directory, 'd'), '--json'])).stdout,
  ) as {
    of: string;
    entries: number;
    database: string;
  };
  assert.deepEqual([restored.of, restored.entries], [backup['database'], backup['entries']]);
  const doctor = JSON.parse(
    (await wazir(['doctor', '--data', join(directory, 'd'), '--json'])).stdout,
  ) as object;
  assert.deepEqual(doctor, {
    data: join(directory, 'd'),
    findings: [],
    more: 0,
    studies: 1,
    trials: 3,
    measurements: 3,
  });
});

test('a directory that no server uses is backed up without one, and alike', async (t) => {
  const source = await server(t);
  const directory = temporary(t);
  await source.wazir(['backup', '-o', join(directory, 'live')]);
  await source.stop();
  const data = join(source.directory, 'data');
  const { code } = await wazir(['backup', '-o', join(directory, 'still'), '--data', data]);
  assert.equal(code, 0);
  // Not the header, which has the time and the count of openings.
  const [live, still] = await Promise.all(
    ['live', 'still'].map((name) => readBackup(createReadStream(join(directory, name)))),
  );
  assert.deepEqual([live!.entries, live!.entriesSha256], [still!.entries, still!.entriesSha256]);
});

test('standard output takes a backup where it is no terminal', async (t) => {
  const source = await server(t);
  const terminal = await source.wazir(['backup', '-o', '-'], { terminal: true });
  assert.equal(terminal.code, 2);
  assert.match(terminal.stderr, /not for a terminal/);
  const piped = await source.wazir(['backup', '-o', '-']);
  assert.equal(piped.code, 0);
  assert.match(piped.stdout, /^WAZIRBK\n/);
});

test('a backup that fails leaves the file before it as it was', async (t) => {
  const directory = temporary(t);
  const file = join(directory, 'kept');
  await writeFile(file, 'older');
  const { code, stderr } = await wazir(['backup', '-o', file, '--server', 'unix:/nowhere/at/all']);
  assert.equal(code, 3, stderr);
  assert.equal(await readFile(file, 'utf8'), 'older');
  assert.deepEqual(await readdir(directory), ['kept']);

  const source = await server(t);
  const nowhere = await source.wazir(['backup', '-o', join(directory, 'missing', 'file')]);
  assert.equal(nowhere.code, 6);
  assert.match(nowhere.stderr, /can not write .*missing\/file: ENOENT/);
});

test('a damaged or shortened file is refused whole, with a code of its own', async (t) => {
  const source = await server(t);
  const directory = temporary(t);
  const file = join(directory, 'file');
  await source.wazir(['backup', '-o', file]);
  await cp(file, `${file}.cut`);
  await truncate(`${file}.cut`, (await stat(file)).size - 1);
  const bytes = await readFile(file);
  bytes[bytes.length >> 1]! ^= 2;
  await writeFile(`${file}.bad`, bytes);
  await writeFile(`${file}.other`, 'not one at all');
  const data = join(directory, 'data');
  for (const [which, says] of [
    ['cut', /damaged or incomplete: it is cut short; nothing was restored/],
    ['bad', /damaged or incomplete/],
    ['other', /is no backup of Wazir/],
  ] as const) {
    const { code, stderr, stdout } = await wazir(['restore', `${file}.${which}`, '--data', data]);
    assert.deepEqual([code, stdout], [7, ''], which);
    assert.match(stderr, says);
    await assert.rejects(readdir(data), { code: 'ENOENT' });
  }
  assert.equal((await wazir(['restore', join(directory, 'none'), '--data', data])).code, 6);
  assert.equal((await wazir(['restore', directory, '--data', data])).code, 6);
  assert.equal((await wazir(['restore', file])).code, 2, 'without --data');
});

test('what a running server uses is looked at by nobody else', async (t) => {
  const directory = temporary(t);
  const data = join(directory, 'data');
  const process = await startServerProcess(data);
  t.after(() => process.kill());
  for (const given of [
    ['doctor', '--data', data],
    ['doctor', '--data', data, '--repair'],
    ['backup', '--data', data, '-o', join(directory, 'b')],
  ]) {
    const { code, stderr } = await wazir(given);
    assert.equal(code, 4, given.join(' '));
    assert.match(stderr, new RegExp(`is in use by process ${process.pid} of host`));
  }
  assert.equal((await wazir(['restore', 'package.json', '--data', data])).code, 4, 'it is not empty');
  const { code } = await wazir(['backup', '-o', join(directory, 'b'), '--server', process.address]);
  assert.equal(code, 0, 'and it goes on');
  assert.deepEqual(
    (await readdir(data)).sort(),
    ['ballast', 'db', 'wazir.json', 'wazir.pid'],
    'nothing was left in it',
  );
});

test('the doctor says what is wrong, where, and ends with a code of its own', async (t) => {
  const source = await server(t);
  await source.stop();
  const data = join(source.directory, 'data');
  await Damage.with(data, async (by) => {
    const [key] = await by.keys({ gt: 't/', lt: 't0' });
    const sealed = Buffer.from((await by.raw(key!))!);
    sealed[7]! ^= 1;
    await by.putRaw(key!, sealed);
  });
  const { code, stdout, stderr } = await wazir(['doctor', '--data', data]);
  assert.equal(code, 8);
  assert.match(
    stdout,
    /^records: owners\/default\/studies\/s t\/[0-9a-f]+\/00000000000001 does not have its checksum: it is damaged on disk$/m,
  );
  assert.match(stderr, /data: 2 things are wrong/);
  const repaired = await wazir(['doctor', '--data', data, '--repair']);
  assert.equal(repaired.code, 8, 'LevelDB can not make up what is gone');
  assert.match(repaired.stdout, /^the database's files as they were: .*db-before-repair-/m);
  assert.match(repaired.stdout, /no record was lost that could be read before/);
});

test('the doctor of nothing says so', async (t) => {
  const directory = temporary(t);
  await mkdir(join(directory, 'empty'));
  for (const name of ['none', 'empty']) {
    const { code, stderr } = await wazir(['doctor', '--data', join(directory, name)]);
    assert.equal(code, 4);
    assert.match(stderr, /is no data directory: it has no identity file/);
  }
});
