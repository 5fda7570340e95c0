/** A server on a disk that fills up, over a socket. */
import assert from 'node:assert/strict';
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { pino } from 'pino';
import type { ServiceError } from '@grpc/grpc-js';
import { startServer, type RunningServer } from '../../server/app.js';
import { examine } from '../../server/doctor/examine.js';
import { refused, refusalOf } from '../rpc/refusal.js';
import { createStudy, oneTrial, owner, reportOf } from '../rpc/study-requests.js';
import { smallDisk, type SmallDisk } from '../store/small-disk.js';
import { TestClient } from '../test-client.js';

const MiB = 2 ** 20;
const ballastBytes = 4 * MiB;

interface Started {
  readonly client: TestClient;
  readonly log: string[];
  close(): Promise<void>;
}

async function start(t: TestContext, disk: SmallDisk, freeSpaceFloorBytes: number): Promise<Started> {
  const log: string[] = [];
  const logger = pino({ level: 'info' }, { write: (line: string) => void log.push(line) });
  const server: RunningServer = await startServer({
    listen: ['127.0.0.1:0'],
    dataDir: join(disk.directory, 'data'),
    logger,
    store: { freeSpaceFloorBytes, ballastBytes },
  });
  const client = new TestClient(server.addresses[0]!);
  let closed: Promise<void> | undefined;
  const close = () => {
    client.close();
    return (closed ??= server.close(1000));
  };
  t.after(close);
  return { client, log, close };
}

async function until(what: string, is: () => Promise<boolean>): Promise<void> {
  for (const deadline = Date.now() + 30_000; !(await is()); await setTimeout(20))
    assert.ok(Date.now() < deadline, what);
}

function ballast(disk: SmallDisk): Promise<number> {
  return stat(join(disk.directory, 'data', 'ballast')).then(
    ({ size }) => size,
    () => 0,
  );
}

/** What clients were told is so. */
class Told {
  readonly studies = new Set<string>();
  readonly reports: [trial: string, step: number][] = [];

  async hold({ client }: Started): Promise<void> {
    for (const study of this.studies) assert.ok(await client.getStudy({ name: study }), study);
    for (const [trial, step] of this.reports) {
      const { measurements } = await client.listMeasurements({ parent: trial });
      assert.ok(
        measurements.some((measurement) => measurement.step === step),
        `${trial} step ${step}`,
      );
    }
  }
}

/** A study with metadata that take up space. */
async function create({ client }: Started, told: Told, id: string): Promise<string> {
  const value = {
    $case: 'text' as const,
    value: Array.from({ length: 30_000 }, () => Math.random()).join(''),
  };
  const name = `${owner}/studies/${id}`;
  await createStudy(client, id);
  told.studies.add(name);
  await client.updateMetadata({ name, updates: [{ trial: 0, metadata: { key: 'k', value } }] });
  return name;
}

test('a full disk: writes are refused by name, reads and deletions go on, and all goes on with space', async (t) => {
  const disk = await smallDisk(t, 48 * MiB);
  if (!disk) return;
  // Above the ballast: giving that up makes room to open the database, not for writes.
  const floor = 6 * MiB;
  const told = new Told();
  const first = await start(t, disk, floor);
  for (const id of ['a', 'b', 'c', 'd']) await create(first, told, id);
  const study = `${owner}/studies/a`;
  const trial = await oneTrial(first.client, study, 'worker');
  await first.client.reportMeasurement(reportOf(trial, 1, 0.5));
  told.reports.push([trial.name, 1]);
  await first.client.releaseTrial({ name: trial.name, attempt: 1, checkpoint: { step: 1, uri: 'x' } });
  await until('the ballast is made', async () => (await ballast(disk)) === ballastBytes);

  await disk.fill(5 * MiB);
  // It looks once a second.
  await until('writes are refused', async () => {
    const made = await createStudy(first.client, `e${Math.random()}`).catch((error: ServiceError) => error);
    return made instanceof Error;
  });
  const refusal = await refused(createStudy(first.client, 'f'));
  assert.deepEqual(
    [refusal.code, refusal.reason, refusal.metadata['limit']],
    ['RESOURCE_EXHAUSTED', 'LIMIT_EXCEEDED', 'free_disk_space'],
  );
  assert.ok(refusal.retrySeconds! > 0);
  await told.hold(first);
  await first.client.deleteTrial({ name: trial.name });
  told.reports.length = 0;
  await first.client.deleteStudy({ name: `${owner}/studies/b` });
  told.studies.delete(`${owner}/studies/b`);

  // To the last byte, and closed: the next start finds no room at all.
  await disk.fill(0);
  await first.close();
  const second = await start(t, disk, floor);
  assert.match(second.log.join(''), /the disk is full: the ballast was deleted to open the database/);
  assert.equal(await ballast(disk), 0);
  await told.hold(second);
  await refused(second.client.getStudy({ name: `${owner}/studies/b` }));
  assert.equal((await refused(createStudy(second.client, 'g'))).reason, 'LIMIT_EXCEEDED');

  await disk.clear();
  await until('writes resume by themselves', async () => {
    const made = await createStudy(second.client, 'h').catch((error: ServiceError) => error);
    return !(made instanceof Error);
  });
  told.studies.add(`${owner}/studies/h`);
  await until('the ballast is made again', async () => {
    // Space is looked at when something is written.
    await second.client.updateStudy({
      study: { name: study, displayName: `${Math.random()}` },
      updateMask: ['display_name'],
    });
    return (await ballast(disk)) === ballastBytes;
  });
  await told.hold(second);
  await second.close();
  assert.deepEqual((await examine(join(disk.directory, 'data'))).findings, []);
});

test('a write that finds no space fails as unknown, and the server serves again once there is some', async (t) => {
  const disk = await smallDisk(t, 32 * MiB);
  if (!disk) return;
  const told = new Told();
  // No floor: nothing stops writes before the disk does.
  const server = await start(t, disk, 0);
  await create(server, told, 'a');
  await until('the ballast is made', async () => (await ballast(disk)) === ballastBytes);
  await disk.fill(MiB);
  let failure: ServiceError | undefined;
  for (let i = 0; failure === undefined; i++)
    await create(server, told, `more-${i}`).catch((error: ServiceError) => (failure = error));
  assert.equal(refusalOf(failure).code, 'UNAVAILABLE');
  await until('it has been reopened', async () => {
    const found = await server.client
      .getStudy({ name: `${owner}/studies/a` })
      .catch((error: ServiceError) => error);
    return !(found instanceof Error);
  });
  assert.match(server.log.join(''), /the ballast was deleted to open the database/);
  await told.hold(server);

  await disk.clear();
  await until('writes resume by themselves', async () => {
    const made = await createStudy(server.client, 'late').catch((error: ServiceError) => error);
    return !(made instanceof Error);
  });
  await told.hold(server);
  await server.close();
  assert.deepEqual((await examine(join(disk.directory, 'data'))).findings, []);
});

test('where there is neither space nor ballast, a start says what to do', async (t) => {
  const disk = await smallDisk(t, 16 * MiB);
  if (!disk) return;
  const options = {
    listen: ['127.0.0.1:0'],
    dataDir: join(disk.directory, 'data'),
    logger: pino({ level: 'silent' }),
    store: { freeSpaceFloorBytes: 0 },
  };
  await (await startServer(options)).close(0);
  await disk.fill(0);
  await assert.rejects(startServer(options), (error: Error & { reason?: string }) => {
    assert.equal(error.reason, 'NO_SPACE');
    assert.match(error.message, /is full, and the database can not be opened without some space: make some/);
    return true;
  });
  await disk.clear();
  await (await startServer(options)).close(0);
});
