/** The access file while it changes under the server's eyes. */
import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { AccessFileError } from '../../server/access/access-file.js';
import { AccessSource, rereadMs } from '../../server/access/access-source.js';
import { createLogger } from '../../server/logger.js';
import { startTestServer, temporaryDirectory } from '../app/test-server.js';
import { FakeClock } from '../engine/fake-clock.js';
import { accessText, sha256, writeAccess, type Person } from './people.js';

const of = (name: string): Person => ({ name, role: 'read', token: name });

async function follow(t: TestContext, path: string) {
  const lines: Record<string, unknown>[] = [];
  const destination = {
    write: (line: string) => void lines.push(JSON.parse(line) as Record<string, unknown>),
  };
  const clock = new FakeClock();
  const logger = createLogger({ level: 'info', destination });
  const source = await AccessSource.open({ path, clock, logger });
  t.after(() => source.close());
  let looks = 0;
  source.onLook(() => looks++);
  return {
    source,
    clock,
    lines,
    /** Lets the time of one look pass, and waits for it to end: it reads in real time. */
    look: async () => {
      const before = looks;
      await clock.advance(rereadMs);
      while (looks === before) await setTimeout(1);
    },
    knows: (name: string) =>
      source.list.find({ kind: 'token', digest: sha256(name) }, clock.wall()) !== undefined,
  };
}

test('a new file counts at the next look, however it came there', async (t) => {
  const directory = await temporaryDirectory(t);
  const path = writeAccess(directory, [of('a')]);
  const { look, knows } = await follow(t, path);
  assert.ok(knows('a'));
  writeAccess(directory, [of('b')]);
  assert.ok(knows('a') && !knows('b'), 'not before');
  await look();
  assert.ok(!knows('a') && knows('b'), 'replaced by renaming');
  // Of the same size, and in place.
  writeFileSync(path, accessText([of('c')]));
  await look();
  assert.ok(!knows('b') && knows('c'), 'written over');
  await look();
  assert.ok(knows('c'));
});

test('a mounted secret changes by a link to another folder', async (t) => {
  const directory = await temporaryDirectory(t);
  const fill = (version: string, name: string) => {
    mkdirSync(join(directory, version));
    writeFileSync(join(directory, version, 'access.yaml'), accessText([of(name)]), { mode: 0o600 });
    symlinkSync(version, join(directory, '..data.new'));
    renameSync(join(directory, '..data.new'), join(directory, '..data'));
  };
  fill('..1', 'a');
  symlinkSync(join('..data', 'access.yaml'), join(directory, 'access.yaml'));
  const { look, knows } = await follow(t, join(directory, 'access.yaml'));
  assert.ok(knows('a'));
  fill('..2', 'b');
  rmSync(join(directory, '..1'), { recursive: true });
  await look();
  assert.ok(!knows('a') && knows('b'));
});

test('what can not be used changes nothing, and is told of once for each problem', async (t) => {
  const directory = await temporaryDirectory(t);
  const path = writeAccess(directory, [of('a')]);
  const { look, knows, lines } = await follow(t, path);
  const problems = () => lines.filter(({ level }) => level === 'error').map(({ problem }) => String(problem));
  writeAccess(directory, 'principals: 1');
  await look();
  await look();
  assert.ok(knows('a'));
  assert.deepEqual(problems(), [`${path}:1: principals: expected a list`]);
  rmSync(path);
  await look();
  await look();
  assert.ok(knows('a'));
  assert.match(problems()[1]!, /can not be read: ENOENT/);
  // Half of a file that somebody writes without renaming.
  const whole = accessText([of('a'), of('b')]);
  writeFileSync(path, whole.slice(0, whole.length / 2), { mode: 0o600 });
  await look();
  assert.ok(knows('a') && !knows('b'));
  assert.equal(problems().length, 3);
  writeAccess(directory, [of('b')]);
  await look();
  assert.ok(!knows('a') && knows('b'));
  writeAccess(directory, 'principals: 1');
  await look();
  assert.equal(problems().length, 4, 'the same problem anew');
});

test('a file that can not be used keeps a server from starting', async (t) => {
  const directory = await temporaryDirectory(t);
  const access = writeAccess(directory, 'principals: 1');
  await assert.rejects(startTestServer(t, { access }), AccessFileError);
  await assert.rejects(startTestServer(t, { access: join(directory, 'none') }), {
    name: 'AccessFileError',
    message: /none: can not be read: ENOENT/,
  });
  await assert.rejects(startTestServer(t, { access: directory }), /can not be read: EISDIR/);
  writeAccess(directory, [of('a')]);
  await startTestServer(t, { access });
});

test('a file that others may read or write is warned about, until its mode is right', async (t) => {
  const directory = await temporaryDirectory(t);
  const path = writeAccess(directory, [of('a')]);
  const { look, lines } = await follow(t, path);
  const warnings = () => lines.filter(({ level }) => level === 'warn').length;
  assert.equal(warnings(), 0);
  const seen: [mode: string, warnings: number][] = [];
  for (const mode of [0o640, 0o644, 0o644, 0o600, 0o620, 0o400, 0o602]) {
    chmodSync(path, mode);
    await look();
    seen.push([mode.toString(8), warnings()]);
  }
  assert.deepEqual(seen, [
    ['640', 0],
    ['644', 1],
    ['644', 1],
    ['600', 1],
    ['620', 2],
    ['400', 2],
    ['602', 3],
  ]);
});

test('once closed it looks no more', async (t) => {
  const path = writeAccess(await temporaryDirectory(t), [of('a')]);
  const { source, clock } = await follow(t, path);
  assert.equal(clock.timers, 1);
  source.close();
  assert.equal(clock.timers, 0);
});
