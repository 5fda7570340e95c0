/** Each thing that the doctor can find, damaged by hand in a directory with a busy history. */
import assert from 'node:assert/strict';
import { cp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { before, test, type TestContext } from 'node:test';
import { examine } from '../../server/doctor/examine.js';
import { checks } from '../../server/doctor/index.js';
import { keys } from '../../server/store/keys.js';
import { EngineWorld } from '../engine/engine-world.js';
import { temporaryDirectory, type Ending } from '../store/temporary-directory.js';
import { Damage } from './damage.js';
import { damagedStudy } from './damage-case.js';
import { damagedDirectories } from './damaged-directories.js';
import { damagedStudies } from './damaged-studies.js';
import { damagedTrials } from './damaged-trials.js';
import { playBusily } from './busy-history.js';

let healthy = '';
const endings: (() => Promise<void>)[] = [];
const suite: Ending = { after: (fn) => void endings.push(fn) };

before(async () => {
  const world = await EngineWorld.open(suite);
  await playBusily(world, 2, 70);
  healthy = join(await temporaryDirectory(suite), 'healthy');
  await world.offline(() => cp(world.directory, healthy, { recursive: true }));
});

test.after(async () => {
  for (const end of endings.reverse()) await end();
});

async function copyOf(t: TestContext): Promise<string> {
  const directory = join(await temporaryDirectory(t), 'data');
  await cp(healthy, directory, { recursive: true });
  return directory;
}

const cases = [...damagedDirectories, ...damagedTrials, ...damagedStudies];

for (const { what, damage, check, says, also = [] } of cases)
  test(`found: ${what}`, async (t) => {
    const directory = await copyOf(t);
    const study = await Damage.with(directory, async (by) => {
      const its = await by.study(damagedStudy);
      await damage(by, its, directory);
      return its;
    });
    const { findings } = await examine(directory);
    const found = findings.filter((finding) => finding.check === check);
    assert.ok(
      found.some(({ record = '', what: words }) => says.test(`${record} ${words}`)),
      `${check}: ${JSON.stringify(findings)}`,
    );
    const told = new Set(findings.map((finding) => finding.check));
    for (const other of also) assert.ok(told.has(other), `${other} sees it too: ${JSON.stringify(findings)}`);
    for (const finding of findings)
      assert.ok(
        finding.study === undefined || !finding.study.includes('hyperband'),
        `of ${study.name} alone`,
      );
  });

test('found: damage in the log, which is still there when the doctor has looked', async (t) => {
  const directory = await copyOf(t);
  const log = (await readdir(join(directory, 'db'))).find((name) => name.endsWith('.log'))!;
  await Damage.with(directory, async (by) => {
    const { uid } = await by.study(damagedStudy);
    for (let number = 0; number < 50; number++)
      await by.put(keys.trial(uid, 1), await by.value(keys.trial(uid, 1)));
  });
  const path = join(
    directory,
    'db',
    (await readdir(join(directory, 'db'))).find((name) => name.endsWith('.log'))!,
  );
  assert.notEqual(path, log);
  const bytes = await readFile(path);
  bytes[bytes.length - 40]! ^= 0xff;
  await writeFile(path, bytes);
  for (let look = 0; look < 2; look++) {
    const { findings } = await examine(directory);
    assert.match(
      findings.map(({ check, what }) => `${check} ${what}`).join('\n'),
      /^log is damaged; LevelDB drops it/m,
    );
  }
  assert.deepEqual(await readFile(path), bytes);
});

test('found: a database that LevelDB can not open, and one that is gone', async (t) => {
  const directory = await copyOf(t);
  await writeFile(join(directory, 'db', 'CURRENT'), 'nonsense\n');
  const { findings } = await examine(directory);
  assert.match(findings[0]!.what, /can not be opened/);
  assert.equal(findings[0]!.check, 'opening');
  await rm(join(directory, 'db'), { recursive: true });
  assert.match((await examine(directory)).findings[0]!.what, /has lost its database/);
});

test('every check has a case here', () => {
  const tried = new Set([...cases.map(({ check }) => check), 'log']);
  assert.deepEqual(
    checks.map(({ name }) => name).filter((name) => !tried.has(name)),
    [],
  );
  assert.equal(new Set(checks.map(({ name }) => name)).size, checks.length);
});

test('nothing is found in the directory that all of this is done to', async () => {
  assert.deepEqual((await examine(healthy)).findings, []);
});
