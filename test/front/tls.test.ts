import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdir, readFile, rename, stat, symlink, writeFile } from 'node:fs/promises';
import { connect as connectPlain, type Socket } from 'node:net';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { connect, type ConnectionOptions, type TLSSocket } from 'node:tls';
import { credentials, type ServerUnaryCall } from '@grpc/grpc-js';
import { startServer } from '../../server/app.js';
import { parseAddress } from '../../server/address.js';
import { endpointOf } from '../../server/front/endpoint.js';
import { GrpcFront } from '../../server/front/grpc-front.js';
import { Tls } from '../../server/front/tls.js';
import { StudyServiceService } from '../../server/gen/wazir/v1/study.js';
import { silent, startTestServer, temporaryDirectory } from '../app/test-server.js';
import { owner } from '../rpc/study-requests.js';
import { TestClient } from '../test-client.js';
import { Authority, type Certificate } from '../tls/certificates.js';
import { preface } from './raw-peer.js';

const parent = { parent: owner };
const at = (address: string) => {
  const parsed = parseAddress(address, 1)!;
  assert.ok(parsed.kind === 'tcp');
  return { host: parsed.host, port: parsed.port };
};

const bytes = (text: string) => Buffer.from(text);

function client(t: TestContext, address: string, ca: string, own?: Certificate): TestClient {
  const as = credentials.createSsl(bytes(ca), own && bytes(own.key), own && bytes(own.cert));
  const made = new TestClient(address, as);
  t.after(() => made.close());
  return made;
}

async function handshake(t: TestContext, address: string, options: ConnectionOptions): Promise<TLSSocket> {
  const socket = connect({ ...at(address), ALPNProtocols: ['h2'], ...options });
  socket.on('error', () => undefined);
  t.after(() => socket.destroy());
  await new Promise<void>((resolve) => {
    socket.once('secureConnect', resolve).once('close', () => resolve());
  });
  return socket;
}

/** Whether the server keeps a connection open beyond the end of its handshake. */
async function isLetIn(t: TestContext, address: string, options: ConnectionOptions): Promise<boolean> {
  const socket = await handshake(t, address, options);
  socket.write(Buffer.concat([preface, Buffer.from([0, 0, 0, 4, 0, 0, 0, 0, 0])]));
  if (socket.closed) return false;
  return new Promise((resolve) => {
    socket.once('data', () => resolve(true)).once('close', () => resolve(false));
  });
}

test('with a certificate it serves over TLS alone, from version 1.2, on a socket too', async (t) => {
  const authority = await Authority.create(t);
  const { certFile: cert, keyFile: key } = await authority.server();
  const path = join(await temporaryDirectory(t), 'socket');
  const server = await startTestServer(t, {
    // Beyond this machine it needs no other word.
    listen: ['0.0.0.0:0', `unix:${path}`],
    tls: { cert, key, clientCa: undefined },
    settings: { handshakeTimeoutMs: 1000 },
  });
  const address = server.address.replace('0.0.0.0', '127.0.0.1');
  await client(t, address, authority.cert).listStudies(parent);
  const plain = connectPlain(path);
  plain.on('error', () => undefined).write(preface);
  plain.resume();
  await once(plain, 'close');
  await assert.rejects(new TestClient(address).listStudies(parent, { deadline: Date.now() + 2000 }));
  await assert.rejects(client(t, address, (await Authority.create(t)).cert).listStudies(parent), {
    code: 14,
  });

  const { cert: ca } = authority;
  assert.ok(await isLetIn(t, address, { ca, maxVersion: 'TLSv1.2' }));
  assert.ok(await isLetIn(t, address, { ca, minVersion: 'TLSv1.3' }));
  const old = { ca, minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' } as const;
  assert.ok(!(await isLetIn(t, address, old)), 'TLS 1.1');
  assert.ok(!(await isLetIn(t, address, { ca, ALPNProtocols: ['http/1.1'] })), 'HTTP/1.1');
  const mute = connect({ ...at(address), ca });
  mute.on('error', () => undefined).resume();
  await once(mute, 'close');
});

test('a handshake that drips or never comes, and silence after it, are ended in time', async (t) => {
  const authority = await Authority.create(t);
  const { certFile: cert, keyFile: key } = await authority.server();
  const { address } = await startTestServer(t, {
    tls: { cert, key, clientCa: undefined },
    settings: { handshakeTimeoutMs: 500 },
  });
  const gone = async (socket: Socket) => {
    socket.on('error', () => undefined).resume();
    if (!socket.closed) await once(socket, 'close');
  };
  const mute = connectPlain(at(address));
  const dripping = connectPlain(at(address));
  const hello = Buffer.from('16030102000100', 'hex');
  let dripped = 0;
  const drip = setInterval(() => dripping.write(hello.subarray(dripped, ++dripped)), 100);
  const idle = await handshake(t, address, { ca: authority.cert });
  const drippingAfter = await handshake(t, address, { ca: authority.cert });
  const dripAfter = setInterval(() => drippingAfter.write('P'), 200);
  t.after(() => {
    clearInterval(drip);
    clearInterval(dripAfter);
  });
  await Promise.all([gone(mute), gone(dripping), gone(idle), gone(drippingAfter)]);
  await client(t, address, authority.cert).listStudies(parent);
});

test('with an authority of clients, only those that it has signed get in, and calls see who they are', async (t) => {
  const authority = await Authority.create(t);
  const stranger = await Authority.create(t);
  const { certFile: cert, keyFile: key } = await authority.server();
  const handshakeTimeoutMs = 2000;
  const tls = await Tls.open({
    files: { cert, key, clientCa: authority.certFile },
    handshakeTimeoutMs,
    logger: silent,
  });
  const limits = { maxConnections: 100, maxCallsPerConnection: 10, maxMessageBytes: 4096 };
  const front = new GrpcFront({ limits, handshakeTimeoutMs, tls, logger: silent });
  t.after(() => {
    front.destroy();
    tls.close();
  });
  const seen: (string | undefined)[] = [];
  front.server.addService(
    { ListStudies: StudyServiceService.listStudies },
    {
      ListStudies: (
        call: ServerUnaryCall<unknown, unknown>,
        callback: (error: null, answer: object) => void,
      ) => {
        seen.push(call.getAuthContext().sslPeerCertificate?.subjectaltname);
        callback(null, { studies: [], nextPageToken: '' });
      },
    },
  );
  const address = await front.listen(await endpointOf('127.0.0.1:0'));
  const worker = { name: 'worker', use: 'client', uri: ['spiffe://example.org/worker'] } as const;
  const good = await authority.issue(worker);
  await client(t, address, authority.cert, good).listStudies(parent);
  assert.deepEqual(seen, ['URI:spiffe://example.org/worker']);

  const past = new Date(Date.now() - 60_000);
  const refused = {
    none: undefined,
    'another authority': await stranger.issue(worker),
    'signed by itself': await authority.selfSigned({ ...worker, name: 'self' }),
    expired: await authority.issue({ ...worker, name: 'expired', notBefore: new Date(0), notAfter: past }),
    "a server's": await authority.issue({ name: 'other', use: 'server', dns: ['localhost'] }),
  };
  for (const [what, certificate] of Object.entries(refused)) {
    const own = certificate ? { cert: certificate.cert, key: certificate.key } : {};
    assert.ok(!(await isLetIn(t, address, { ca: authority.cert, ...own })), what);
  }
  assert.equal(seen.length, 1);
});

/** The serial number of the certificate that a server shows now. */
async function shown(t: TestContext, address: string, ca: string): Promise<string | undefined> {
  const socket = await handshake(t, address, { ca, rejectUnauthorized: false });
  const { serialNumber } = socket.getPeerCertificate();
  socket.destroy();
  return serialNumber;
}

async function until(condition: () => Promise<boolean>): Promise<void> {
  for (const end = Date.now() + 20_000; !(await condition()); await sleep(100))
    assert.ok(Date.now() < end, 'it comes in time');
}

test('certificates are read anew when the files change, by links too; what can not be used changes nothing', async (t) => {
  const authority = await Authority.create(t);
  const directory = await temporaryDirectory(t);
  // As Kubernetes mounts secrets: files are links into ..data, which is a link that is replaced.
  const put = async (version: string, { cert, key }: { cert: string; key: string }) => {
    await mkdir(join(directory, version));
    await writeFile(join(directory, version, 'tls.crt'), cert);
    await writeFile(join(directory, version, 'tls.key'), key);
    await symlink(version, join(directory, '..new'));
    await rename(join(directory, '..new'), join(directory, '..data'));
  };
  const first = await authority.server();
  await put('1', first);
  for (const name of ['tls.crt', 'tls.key']) await symlink(join('..data', name), join(directory, name));
  const lines: Record<string, unknown>[] = [];
  const logger = silent.child({}, { level: 'info' });
  logger.error = (facts: Record<string, unknown>) => void lines.push(facts);
  const { address } = await startTestServer(t, {
    tls: { cert: join(directory, 'tls.crt'), key: join(directory, 'tls.key'), clientCa: undefined },
    logger,
  });
  const old = client(t, address, authority.cert);
  await old.listStudies(parent);
  const before = await shown(t, address, authority.cert);

  const second = await authority.server();
  await put('2', { cert: second.cert, key: first.key });
  await until(() => Promise.resolve(lines.length > 0));
  assert.match(String(lines[0]!['problem']), /tls\.key: is not the key of the certificate/);
  assert.equal(await shown(t, address, authority.cert), before);
  await put('3', { cert: 'no certificate', key: second.key });
  await until(() => Promise.resolve(lines.length > 1));
  assert.equal(await shown(t, address, authority.cert), before);

  await put('4', second);
  await until(async () => (await shown(t, address, authority.cert)) !== before);
  await old.listStudies(parent);
  await client(t, address, authority.cert).listStudies(parent);
  assert.ok(!JSON.stringify(lines).includes('PRIVATE'), 'nothing of a key is told');
});

test('files that can not be used are told by name, and the data directory stays untouched', async (t) => {
  const authority = await Authority.create(t);
  const { certFile, keyFile } = await authority.server();
  const other = await authority.issue({ name: 'other' });
  const empty = join(authority.directory, 'empty');
  await writeFile(empty, '');
  const locked = join(authority.directory, 'locked');
  const pem = await readFile(certFile, 'utf8');
  await writeFile(locked, pem.replace(/^M.*$/m, 'MIIB'));
  const cases = [
    [{ cert: certFile, key: other.keyFile }, other.keyFile],
    [{ cert: `${certFile}x`, key: keyFile }, `${certFile}x`],
    [{ cert: empty, key: keyFile }, empty],
    [{ cert: locked, key: keyFile }, locked],
    [{ cert: certFile, key: empty }, empty],
    [{ cert: certFile, key: keyFile, clientCa: empty }, empty],
  ] as const;
  const dataDir = join(authority.directory, 'data');
  for (const [files, named] of cases) {
    const tls = { clientCa: undefined, ...files };
    await assert.rejects(
      startServer({ listen: ['127.0.0.1:0'], dataDir, logger: silent, tls }),
      (error: Error) => {
        assert.equal(error.name, 'CertificateError');
        assert.ok(error.message.startsWith(named) && !error.message.includes('\n'), error.message);
        return true;
      },
    );
  }
  await assert.rejects(stat(dataDir), { code: 'ENOENT' });
});
