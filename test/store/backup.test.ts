/** The file of a backup: what is in it, and what is refused. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { cp } from 'node:fs/promises';
import { join } from 'node:path';
import { before, test } from 'node:test';
import { BackupHeader } from '../../server/gen/wazir/internal/v1/backup.js';
import { BackupError } from '../../server/store/backup-error.js';
import { readBackup } from '../../server/store/backup-reader.js';
import { backupMagic, partBytes, pieceBytes } from '../../server/store/backup-writer.js';
import { backupDirectory } from '../../server/store/backup-directory.js';
import { readIdentity } from '../../server/store/identity.js';
import { keys } from '../../server/store/keys.js';
import { playBusily } from '../doctor/busy-history.js';
import { Damage } from '../doctor/damage.js';
import { EngineWorld } from '../engine/engine-world.js';
import { backupOf, pieces, summaryOf } from './backup-files.js';
import { directoryContents } from './directory-contents.js';
import { refusedAs } from './store-access.js';
import { temporaryDirectory, type Ending } from './temporary-directory.js';

const endings: (() => Promise<void>)[] = [];
const suite: Ending = { after: (fn) => void endings.push(fn) };
let directory = '';
let file = Buffer.alloc(0);

before(async () => {
  const world = await EngineWorld.open(suite);
  await playBusily(world, 5, 90);
  directory = join(await temporaryDirectory(suite), 'data');
  await world.offline(() => cp(world.directory, directory, { recursive: true }));
  file = Buffer.from(await backupOf(directory));
});

test.after(async () => {
  for (const end of endings.reverse()) await end();
});

async function refused(bytes: Uint8Array, message: RegExp, what: string): Promise<void> {
  await assert.rejects(summaryOf(bytes), (error: Error) => {
    assert.ok(error instanceof BackupError, `${what}: ${error.stack}`);
    assert.match(error.message, message, what);
    assert.doesNotMatch(error.message, /\n/);
    return true;
  });
}

test('a backup holds every record of the database but those of its own upkeep, and changes nothing', async () => {
  const contents = await directoryContents(directory);
  const found = new Map<string, string>();
  const { header, entries } = await readBackup(pieces(file), ({ key, value }) => {
    found.set(key, value.toString('hex'));
  });
  const expected = await Damage.with(directory, async (database) => {
    const all = (await database.keys({ gt: keys.secret })).filter((key) => !key.startsWith('j/'));
    return Promise.all(
      all.map(async (key): Promise<[string, string]> => [
        key,
        Buffer.from(await database.value(key)).toString('hex'),
      ]),
    );
  });
  assert.deepEqual([...found], expected);
  assert.equal(entries, expected.length);
  const identity = (await readIdentity(directory))!;
  assert.deepEqual(header, {
    format: 1,
    databaseFormat: 1,
    databaseId: identity.id,
    epoch: identity.openings,
    time: { seconds: 1_700_000_000, nanos: 123_000_000 },
  });
  // Damage.with has opened the database itself; the backup had not.
  assert.ok(Object.keys(contents).length > 0);
});

test('a backup of a directory leaves every file as it was', async () => {
  const before = await directoryContents(directory);
  const again = await backupOf(directory);
  assert.ok(again.equals(file), 'and gives the same bytes');
  assert.deepEqual(await directoryContents(directory), before);
});

test('pieces are of one size, whatever the records are', async () => {
  const sizes: number[] = [];
  for await (const piece of backupDirectory(directory, 0)) sizes.push(piece.length);
  assert.ok(sizes.length > 1, 'there are several');
  assert.deepEqual(new Set(sizes.slice(0, -1)), new Set([pieceBytes]));
});

test('a file is read alike in pieces of any size', async () => {
  const whole = await readBackup(pieces(file, file.length));
  for (const bytes of [1, 7, 4096]) assert.deepEqual(await readBackup(pieces(file, bytes)), whole);
});

test('a file that is cut short anywhere is refused', async () => {
  const cuts = new Set<number>();
  for (let at = file.length - 200; at < file.length; at++) cuts.add(at);
  for (let at = 0; at < 200; at++) cuts.add(at);
  for (let i = 0; i < 200; i++) cuts.add(Math.floor((file.length * i) / 200));
  for (const at of cuts) await refused(file.subarray(0, at), /cut short|no backup of Wazir/, `cut at ${at}`);
});

test('a file of which any bit is flipped is refused', async () => {
  const places = new Set<number>();
  for (let at = 0; at < 300; at++) places.add(at);
  for (let at = file.length - 100; at < file.length; at++) places.add(at);
  for (let i = 0; i < 400; i++) places.add(Math.floor((file.length * (i + 0.37)) / 400));
  for (const at of places) {
    const bit = at % 8;
    const flipped = Buffer.from(file);
    flipped[at]! ^= 1 << bit;
    await refused(flipped, /./, `bit ${bit} of byte ${at}`);
  }
});

test('a file to which anything is added is refused', async () => {
  for (const more of [Buffer.from([0]), Buffer.from('x'), file, file.subarray(8)])
    await refused(Buffer.concat([file, more]), /follows its end|cut short|sensible length|decode/, 'more');
});

/** A file whose count and sum are right. */
function fileOf(header: Partial<BackupHeader>, entries: [string, string | Uint8Array][]): Buffer {
  const all: Uint8Array[] = [
    backupMagic,
    partBytes({
      $case: 'header',
      value: {
        ...{ format: 1, databaseFormat: 1, databaseId: 'a', epoch: 1, time: { seconds: 1, nanos: 0 } },
        ...header,
      },
    }),
    ...entries.map(([key, value]) =>
      partBytes({ $case: 'entry', value: { key, value: Buffer.from(value as string) } }),
    ),
  ];
  const sha256 = createHash('sha256').update(Buffer.concat(all)).digest();
  return Buffer.concat([...all, partBytes({ $case: 'trailer', value: { entries: entries.length, sha256 } })]);
}

const name = (uid: string) => Buffer.concat([Buffer.from([0x0a, uid.length]), Buffer.from(uid)]);

test('a file of a later format is refused, whatever its sums say', async () => {
  assert.equal((await summaryOf(fileOf({}, [['n/a/b', name('u')]]))).entries, 1);
  await refused(fileOf({ format: 2 }, []), /has format 2, this release knows up to 1/, 'file');
  await refused(
    fileOf({ databaseFormat: 2 }, []),
    /database of format 2, this release knows up to 1/,
    'database',
  );
});

test('what no server writes is refused, whatever its sums say', async () => {
  await refused(fileOf({}, [['zebra', 'x']]), /"zebra" has a key that this release does not know/, 'key');
  for (const key of [keys.database, keys.secret, keys.journal(1)])
    await refused(fileOf({}, [[key, '']]), /belongs to the database that it came from/, key);
  await refused(fileOf({}, [['n/a/b', Buffer.from([0x0a, 9])]]), /"n\/a\/b" does not decode/, 'value');
  const rows: [string, Uint8Array][] = [
    ['n/a/b', name('u')],
    ['n/a/a', name('v')],
  ];
  await refused(fileOf({}, rows), /"n\/a\/a" is not in its place/, 'order');
  await refused(fileOf({ databaseId: '' }, []), /header is incomplete/, 'header');
});

test('a directory with a damaged record is not backed up past it', async (t) => {
  const copy = join(await temporaryDirectory(t), 'data');
  await cp(directory, copy, { recursive: true });
  await Damage.with(copy, async (by) => {
    const key = keys.trial((await by.study('asha')).uid, 2);
    const sealed = Buffer.from((await by.raw(key))!);
    sealed[3]! ^= 1;
    await by.putRaw(key, sealed);
  });
  await refusedAs('DATA_DAMAGED', backupOf(copy));
});
