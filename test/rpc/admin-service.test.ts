/** Backups of a server that is written to, over a socket. */
import assert from 'node:assert/strict';
import { credentials, status, type ClientReadableStream, type ServiceError } from '@grpc/grpc-js';
import { once } from 'node:events';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { examine } from '../../server/doctor/examine.js';
import { AdminServiceClient, BackupRequest, type BackupResponse } from '../../server/gen/wazir/v1/admin.js';
import { keys } from '../../server/store/keys.js';
import { restoreBackup } from '../../server/store/restore.js';
import { startTestServer, temporaryDirectory, type TestServer } from '../app/test-server.js';
import { Damage } from '../doctor/damage.js';
import { pieces } from '../store/backup-files.js';
import { refused, refusalOf, refusedWith } from './refusal.js';
import { createStudy, owner, specOf, synchronous } from './study-requests.js';
import { Worker } from './worker.js';

type Stream = ClientReadableStream<BackupResponse>;

function backupFrom(t: TestContext, { address }: TestServer): Stream {
  const client = new AdminServiceClient(address, credentials.createInsecure(), {
    'grpc.use_local_subchannel_pool': 1,
  });
  t.after(() => client.close());
  const stream = client.backup(BackupRequest.fromPartial({}));
  // Who waits for it hears of it there; unheard, it would end the process.
  stream.on('error', () => undefined);
  return stream;
}

async function fileOf(stream: Stream): Promise<Buffer> {
  const all: Buffer[] = [];
  for await (const { data } of stream as AsyncIterable<BackupResponse>) all.push(Buffer.from(data));
  return Buffer.concat(all);
}

/** How many bytes come until it ends: what a failure shows, in place of all of them. */
async function ended(stream: Stream): Promise<number> {
  return (await fileOf(stream)).length;
}

/** So much that it does not fit into what lies between a server and its reader. */
async function fill({ client }: TestServer): Promise<void> {
  for (let i = 0; i < 12; i++)
    await client.createStudy({
      parent: owner,
      studyId: `large-${i}`,
      study: {
        spec: specOf(),
        metadata: [{ key: 'k', value: { $case: 'text', value: String(i % 10).repeat(700_000) } }],
      },
    });
}

/** A backup of which the first piece is there, and the rest waits for its reader. */
async function begun(t: TestContext, server: TestServer): Promise<{ stream: Stream; first: Buffer }> {
  const stream = backupFrom(t, server);
  const [{ data }] = (await once(stream, 'data')) as [BackupResponse];
  stream.pause();
  return { stream, first: Buffer.from(data) };
}

test('backups under load hold whole studies, as of one moment, while writes go on', async (t) => {
  const server = await startTestServer(t);
  await createStudy(server.client, 'asha', { resource: { min: 1, max: 27 } });
  await createStudy(server.client, 'halving', { ...synchronous(27, 0), resource: { min: 1, max: 27 } });
  let stopping = false;
  let finished = 0;
  const loops = ['asha', 'halving', 'asha', 'halving'].map(async (study, i) => {
    const worker = new Worker(server.connect(), `${owner}/studies/${study}`, `w${i}`);
    while (!stopping) {
      const [trial] = await worker.ask();
      if (!trial) return;
      worker.keep(trial);
      await worker.finish(trial.id, ((trial.id * 7919) % 101) / 101);
      finished++;
    }
  });
  const files: Buffer[] = [];
  for (let round = 0; round < 4; round++) {
    const before = finished;
    files.push(await fileOf(backupFrom(t, server)));
    // Not a race: the next one begins only once others have been served since this one began.
    while (finished < before + 20) await setTimeout(1);
  }
  stopping = true;
  await Promise.all(loops);
  const counts: number[] = [];
  for (const file of files) {
    const directory = join(await temporaryDirectory(t), 'data');
    await restoreBackup(() => pieces(file), directory);
    const { findings, trials } = await examine(directory);
    assert.deepEqual(findings, []);
    counts.push(trials);
  }
  assert.ok(counts.at(-1)! > counts[0]!, `${counts.join()}`);
});

test('what is written after a backup has begun is not in it', async (t) => {
  const server = await startTestServer(t);
  await fill(server);
  await createStudy(server.client, 'zz-before');
  const { stream, first } = await begun(t, server);
  await createStudy(server.client, 'zz-after');
  await server.client.deleteStudy({ name: `${owner}/studies/zz-before` });
  stream.resume();
  const file = Buffer.concat([first, await fileOf(stream)]);

  const dataDir = join(await temporaryDirectory(t), 'data');
  await restoreBackup(() => pieces(file), dataDir);
  assert.equal((await examine(dataDir)).studies, 13);
  const { client } = await startTestServer(t, { dataDir });
  assert.equal((await client.getStudy({ name: `${owner}/studies/zz-before` })).spec!.seed, 1);
  await refusedWith(client.getStudy({ name: `${owner}/studies/zz-after` }), 'NOT_FOUND', 'STUDY_NOT_FOUND');
});

test('there is one backup at a time, and the next once the first has ended or been cancelled', async (t) => {
  const server = await startTestServer(t);
  await fill(server);
  const { stream } = await begun(t, server);
  const refusal = await refused(ended(backupFrom(t, server)));
  assert.deepEqual(
    [refusal.code, refusal.reason, refusal.metadata['limit']],
    ['RESOURCE_EXHAUSTED', 'LIMIT_EXCEEDED', 'backups'],
  );
  assert.ok(refusal.retrySeconds! > 0);
  stream.cancel();
  // The server hears of it a little later.
  for (const deadline = Date.now() + 20_000; ; await setTimeout(5)) {
    const file = await fileOf(backupFrom(t, server)).catch((error: ServiceError): undefined => {
      assert.equal(refusalOf(error).reason, 'LIMIT_EXCEEDED');
      assert.ok(Date.now() < deadline, 'the place is given back');
    });
    if (file) break;
  }
  assert.ok((await fileOf(backupFrom(t, server))).length > 8_000_000);
});

test('a server that closes ends a backup, with a reader or without', async (t) => {
  for (const reads of [true, false]) {
    const server = await startTestServer(t);
    await fill(server);
    const { stream } = await begun(t, server);
    const closing = server.close(reads ? 10_000 : 200);
    if (reads) {
      await assert.rejects(fileOf(stream), (error: ServiceError) => {
        assert.equal(error.code, status.UNAVAILABLE);
        assert.equal(refusalOf(error).reason, 'DRAINING');
        return true;
      });
    }
    await closing;
  }
});

test('a damaged record ends a backup with its name', async (t) => {
  const server = await startTestServer(t);
  const { uid } = await createStudy(server.client, 's');
  await server.stop();
  await Damage.with(server.dataDir, async (by) => {
    const sealed = Buffer.from((await by.raw(keys.study(uid)))!);
    sealed[5]! ^= 1;
    await by.putRaw(keys.study(uid), sealed);
  });
  const again = await startTestServer(t, { dataDir: server.dataDir });
  const refusal = await refused(ended(backupFrom(t, again)));
  assert.deepEqual([refusal.code, refusal.reason], ['DATA_LOSS', 'DATA_DAMAGED']);
  assert.ok(refusal.message.includes(keys.study(uid)), refusal.message);
});
