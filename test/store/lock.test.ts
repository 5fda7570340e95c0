/** Who has a directory, and how long somebody else waits for it. */
import assert from 'node:assert/strict';
import { readdir, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { openLevelStore } from '../../server/store/level.js';
import { startCommitting } from './child-process.js';
import { refusedAs } from './store-access.js';
import { temporaryDirectory } from './temporary-directory.js';

test('who finds a directory locked is told which process has it', async (t) => {
  const directory = join(await temporaryDirectory(t), 'data');
  const child = startCommitting(directory, -1);
  t.after(() => child.killAfter(0));
  await child.opened;
  await assert.rejects(openLevelStore({ directory }), (error: Error) => {
    const [, pid] = /is in use by process (\d+) of host "(.*)"; stop it/.exec(error.message) ?? [];
    assert.notEqual(pid, undefined, error.message);
    assert.notEqual(pid, `${process.pid}`);
    assert.ok(error.message.includes(hostname()));
    return true;
  });
  // A crash leaves the note; the lock it does not.
  await child.killAfter(0);
  const store = await openLevelStore({ directory });
  await store.close();
  assert.ok(!(await readdir(directory)).includes('wazir.pid'), 'whoever closes takes its note away');
});

test('a start waits for a predecessor that lets go in time, and not for one that does not', async (t) => {
  const directory = join(await temporaryDirectory(t), 'data');
  const first = startCommitting(directory, -1);
  t.after(() => first.killAfter(0));
  await first.opened;
  await refusedAs('LOCKED', openLevelStore({ directory, lockWaitMs: 250 }));
  const waiting = openLevelStore({ directory, lockWaitMs: 60_000 });
  await first.killAfter(0);
  const store = await waiting;
  assert.equal(store.epoch, 2);
  await store.close();
});

test('a note that is none is passed over', async (t) => {
  const directory = join(await temporaryDirectory(t), 'data');
  const store = await openLevelStore({ directory });
  t.after(() => store.close());
  await writeFile(join(directory, 'wazir.pid'), 'nonsense\u0007');
  await assert.rejects(openLevelStore({ directory }), /is in use by another process; stop it/);
});

test('a directory that can not be made is refused at once', async () => {
  for (const directory of ['/proc/wazir', '/proc/wazir/data', '/dev/null/data'])
    await refusedAs('DIRECTORY_UNUSABLE', openLevelStore({ directory }));
});
