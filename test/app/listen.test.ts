import assert from 'node:assert/strict';
import { once } from 'node:events';
import { link, readFile, stat, unlink, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { networkInterfaces } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { startServer } from '../../server/app.js';
import { ListenError } from '../../server/front/listen-error.js';
import { StoreOpenError } from '../../server/store/open-error.js';
import { createStudy, owner } from '../rpc/study-requests.js';
import { TestClient } from '../test-client.js';
import { silent, startTestServer, temporaryDirectory } from './test-server.js';

test('port 0 is a free port, and told as such', async (t) => {
  const { address, client } = await startTestServer(t);
  assert.match(address, /^127\.0\.0\.1:[1-9]\d*$/);
  assert.deepEqual(await client.listStudies({ parent: owner }), { studies: [], nextPageToken: '' });
});

test('it listens on all its addresses at once, and closes them all', async (t) => {
  const directory = await temporaryDirectory(t);
  const socket = `unix:${join(directory, 'socket')}`;
  const hasIpv6 = Object.values(networkInterfaces())
    .flat()
    .some((at) => at?.address === '::1');
  const listen = ['127.0.0.1:0', 'localhost:0', socket, ...(hasIpv6 ? ['[::1]:0'] : [])];
  const server = await startTestServer(t, { listen });
  assert.equal(server.addresses.length, listen.length);
  assert.equal(server.addresses[2], socket);
  if (hasIpv6) assert.match(server.addresses[3]!, /^\[::1\]:[1-9]\d*$/);
  const study = await createStudy(server.client, 's');
  for (const address of server.addresses) {
    const client = new TestClient(address);
    assert.equal((await client.getStudy({ name: study.name })).uid, study.uid, address);
    client.close();
  }
  await server.stop();
  for (const address of server.addresses) {
    const client = new TestClient(address);
    await assert.rejects(client.getStudy({ name: study.name }), { code: 14 }, address);
    client.close();
  }
});

test('a unix socket is open to owner and group alone, and goes with the server', async (t) => {
  const directory = await temporaryDirectory(t);
  const path = join(directory, 'socket');
  const server = await startTestServer(t, { listen: [`unix:${path}`] });
  const { mode } = await stat(path);
  assert.equal(mode & 0o777, 0o660);
  await server.stop();
  await assert.rejects(stat(path), { code: 'ENOENT' });
});

test('a socket that a killed server left behind is replaced; one that is answered on is not, nor is a file', async (t) => {
  const directory = await temporaryDirectory(t);
  const path = join(directory, 'socket');
  const listen = [`unix:${path}`];
  // As kill -9 leaves it: the path is there and nobody answers.
  const dead = createServer().listen(path);
  await once(dead, 'listening');
  const kept = join(directory, 'kept');
  await link(path, kept);
  await new Promise((resolve) => dead.close(resolve));
  await link(kept, path);
  await unlink(kept);
  const first = await startTestServer(t, { listen });
  await createStudy(first.client, 's');

  const dataDir = await temporaryDirectory(t);
  await assert.rejects(startServer({ listen, dataDir, logger: silent }), (error: Error) => {
    assert.ok(error instanceof ListenError);
    assert.ok(error.message.includes(path), error.message);
    return true;
  });
  assert.equal(
    (await first.client.listStudies({ parent: owner })).studies.length,
    1,
    'the first is unharmed',
  );
  await first.stop();

  await writeFile(path, 'not a socket');
  await assert.rejects(startServer({ listen, dataDir, logger: silent }), ListenError);
  assert.equal(await readFile(path, 'utf8'), 'not a socket');
});

test('a port that is taken is told by its address, and leaves the data directory free', async (t) => {
  const first = await startTestServer(t);
  const dataDir = await temporaryDirectory(t);
  for (const listen of [[first.address], ['127.0.0.1:0', first.address]]) {
    await assert.rejects(startServer({ listen, dataDir, logger: silent }), (error: Error) => {
      assert.ok(error instanceof ListenError);
      assert.ok(error.message.includes(first.address), error.message);
      return true;
    });
  }
  const second = await startTestServer(t, { dataDir });
  await createStudy(second.client, 's');
  await assert.rejects(
    startServer({ listen: ['nowhere'], dataDir: await temporaryDirectory(t), logger: silent }),
    ListenError,
  );
});

test('a second server on a data directory is refused, and the first goes on', async (t) => {
  const first = await startTestServer(t);
  const study = await createStudy(first.client, 's');
  await assert.rejects(
    startServer({ listen: ['127.0.0.1:0'], dataDir: first.dataDir, logger: silent }),
    (error: Error) => {
      assert.ok(error instanceof StoreOpenError);
      assert.equal(error.reason, 'LOCKED');
      assert.ok(error.message.includes(first.dataDir), error.message);
      return true;
    },
  );
  await first.client.updateStudy({ study: { name: study.name, displayName: 'unharmed' } });
  await first.stop();
  const next = await startTestServer(t, { dataDir: first.dataDir });
  assert.equal((await next.client.getStudy({ name: study.name })).displayName, 'unharmed');
});
