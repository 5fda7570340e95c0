/** Databases of every released format open, are well, and decide as they did when they were made. */
import assert from 'node:assert/strict';
import { cp, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { examine } from '../../server/doctor/examine.js';
import { TrialRecord } from '../../server/gen/wazir/internal/v1/records.js';
import { TrialSource, TrialState } from '../../server/gen/wazir/v1/trial.js';
import { currentFormat } from '../../server/store/identity.js';
import { migrations } from '../../server/store/migrations/index.js';
import { openStillView } from '../../server/store/still-view.js';
import { jobOf, nextDecisions, withoutLoss } from '../doctor/next-decisions.js';
import { EngineWorld } from '../engine/engine-world.js';
import { StudyDriver } from '../engine/study-driver.js';
import { temporaryDirectory } from './temporary-directory.js';

const fixtures = fileURLToPath(new URL('../fixtures', import.meta.url));

interface Golden {
  readonly kept: Readonly<Record<string, { readonly jobs: readonly unknown[] }>>;
  readonly next: Readonly<Record<string, readonly unknown[]>>;
}

test('migrations lead from each format to the next, and there is a database of each that was released', async () => {
  assert.deepEqual(
    migrations.map(({ to }) => to),
    Array.from({ length: currentFormat - 1 }, (_, i) => i + 2),
  );
  const made = (await readdir(fixtures)).filter((name) => name.startsWith('format-')).sort();
  assert.deepEqual(
    made,
    Array.from({ length: currentFormat }, (_, i) => `format-${i + 1}`),
  );
});

for (let format = 1; format <= currentFormat; format++)
  test(`a database of format ${format} opens, is well, and goes on as it would have`, async (t) => {
    const directory = join(await temporaryDirectory(t), 'data');
    await cp(join(fixtures, `format-${format}`), directory, { recursive: true });
    const golden = JSON.parse(await readFile(join(directory, 'golden.json'), 'utf8')) as Golden;
    const world = await EngineWorld.on(directory, t);
    await world.offline(async () => assert.deepEqual((await examine(directory)).findings, []));
    for (const [id, { jobs }] of Object.entries(golden.kept)) {
      const study = new StudyDriver(world, { owner: 'test', study: id });
      const { trials, studyState } = await study.ask('kept', { requestId: 'kept', count: 2 });
      assert.deepEqual(
        withoutLoss({ jobs: trials.map(jobOf), studyState }),
        golden.kept[id],
        `${id}: ${jobs.length}`,
      );
    }
    assert.deepEqual(await nextDecisions(world), golden.next);
  });

test('the database of format 1 has something of everything', async (t) => {
  const directory = join(await temporaryDirectory(t), 'data');
  await cp(join(fixtures, 'format-1'), directory, { recursive: true });
  const view = await openStillView(directory);
  const records: TrialRecord[] = [];
  for await (const [, value] of view.iterate({ gt: 't/', lt: 't0' })) records.push(TrialRecord.decode(value));
  const counts = await Promise.all(
    ['n', 's', 'm', 'r', 'q', 'c', 'j'].map(
      async (prefix) => (await view.raw.keys({ gt: `${prefix}/`, lt: `${prefix}0` }).all()).length,
    ),
  );
  await view.close();
  assert.ok(
    counts.every((count) => count > 5),
    counts.join(),
  );
  const has = (what: string, is: (record: TrialRecord) => boolean) => assert.ok(records.some(is), what);
  const states = new Set(records.map(({ trial }) => trial!.state));
  assert.equal(
    states.size,
    Object.keys(TrialState).filter((name) => /^[A-Z]/.test(name)).length - 2,
    'every state',
  );
  has('a lease', ({ trial }) => trial!.assignment !== undefined);
  has('a resumed lease', ({ trial }) => (trial!.assignment?.fromResource ?? 0) > 0);
  has('a checkpoint', ({ trial }) => trial!.checkpoint !== undefined);
  has('an expiry', ({ trial }) => trial!.expiries > 0);
  has('a deleted trial', ({ trial }) => trial!.deleted);
  has('a queued trial', ({ trial }) => trial!.source === TrialSource.QUEUED);
  has('a warm start', ({ trial }) => trial!.source === TrialSource.WARM_START);
  has('one that was given back', ({ released }) => released);
  has('metadata', ({ trial }) => trial!.metadata.length > 0);
  has('two results', ({ trial }) => (trial!.scheduling?.results.length ?? 0) > 1);
});
