import { credentials, status } from '@grpc/grpc-js';
import assert from 'node:assert/strict';
import { renameSync, writeFileSync } from 'node:fs';
import { networkInterfaces } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { Authority } from '../../../test/tls/certificates.js';
import { startGuarded } from '../../../test/tls/guarded-server.js';
import { readCredentials } from '../src/credentials.js';
import { connect, WazirError, type ConnectOptions } from '../src/index.js';
import { Directive_Kind } from '../src/gen/wazir/v1/measurement.js';
import { writeMeasurement } from '../src/metrics.js';
import { ReportStream } from '../src/report-stream.js';
import { Rpc } from '../src/rpc.js';
import { answer, failure, FakeServer } from './fake-server.js';

/** Lists the studies of a server, of which there are none. */
async function list(t: TestContext, address: string, options: ConnectOptions = {}): Promise<void> {
  const client = connect(address, { retryForSeconds: 0, ...options });
  t.after(() => client.close());
  for await (const study of client.listStudies()) assert.fail(study.name);
}

/** Replaces a file as secrets are replaced: another under the same name. */
function replace(path: string, text: string): void {
  writeFileSync(`${path}.new`, text);
  renameSync(`${path}.new`, path);
}

test('TLS by the authority that is named, mutual TLS, and a token over either', async (t) => {
  const authority = await Authority.create(t);
  const certificate = await authority.server();
  const own = await authority.issue({ name: 'worker', use: 'client' });
  const server = await startGuarded(t, { certificate, clientCa: authority.cert });
  const tls = { ca: authority.certFile, cert: own.certFile, key: own.keyFile };
  await list(t, server.address, { tls, token: 'secret-1' });
  await list(t, `localhost:${server.port}`, { tls });
  await list(t, server.address, { tls, metadata: { Authorization: 'Bearer of-its-own' } });
  assert.deepEqual(server.shown, ['Bearer secret-1', undefined, 'Bearer of-its-own']);
  const { code } = await list(t, server.address, { tls: { ca: authority.certFile } }).then(
    () => assert.fail('was let in'),
    (error: WazirError) => error,
  );
  assert.equal(code, 'UNAVAILABLE');
});

test('a server of another authority, or of another name, gets nothing', async (t) => {
  const authority = await Authority.create(t);
  const other = await Authority.create(t, 'Another authority');
  const certificate = await authority.issue({ name: 'elsewhere', use: 'server', dns: ['wazir.example.org'] });
  const server = await startGuarded(t, { certificate });
  const ca = authority.certFile;
  for (const tls of [true, { ca: other.certFile }, { ca }, { ca, serverName: 'other.example.org' }]) {
    const refused = list(t, server.address, { tls, token: 'secret-1' });
    await assert.rejects(refused, { code: 'UNAVAILABLE', message: /certificate|altnames|cert's/ });
  }
  assert.deepEqual(server.shown, []);
  await list(t, server.address, { tls: { ca, serverName: 'wazir.example.org' }, token: 'secret-1' });
  assert.deepEqual(server.shown, ['Bearer secret-1']);
});

test('a token goes in plain text to this machine alone, unless told', async (t) => {
  const { directory } = await Authority.create(t);
  const unix = `unix:${join(directory, 'socket')}`;
  for (const address of ['127.0.0.1:0', unix]) {
    const server = await startGuarded(t, { address });
    await list(t, server.address, { token: 'secret-1' });
    assert.deepEqual(server.shown, ['Bearer secret-1']);
  }
  const remote = [
    '10.0.0.1:1',
    '127.example.org:1',
    'localhost.example.org:1',
    'dns:///wazir:1',
    '[2001:db8::1]:1',
  ];
  for (const address of remote) {
    const withToken = { token: 'secret-1' };
    const withMetadata = { metadata: { authorization: 'Bearer secret-1' } };
    const withCredentials = { ...withToken, credentials: credentials.createInsecure() };
    for (const options of [withToken, withMetadata, withCredentials])
      assert.throws(() => connect(address, options), /^Error: a token would go to .* in plain text/);
    connect(address, { ...withToken, insecure: true }).close();
    connect(address, { ...withToken, tls: true }).close();
    connect(address, { ...withToken, credentials: credentials.createSsl() }).close();
    connect(address).close();
  }
  const [own] = Object.values(networkInterfaces()).flatMap((each) =>
    (each ?? []).filter(({ internal, family }) => !internal && family === 'IPv4'),
  );
  // On a machine without a network 0.0.0.0 reaches it, and counts as none of its own.
  const server = await startGuarded(t, { address: `${own?.address ?? '0.0.0.0'}:0` });
  const options = { token: 'secret-1', channelOptions: { 'grpc.enable_http_proxy': 0 } };
  await list(t, server.address, { ...options, insecure: true });
  assert.deepEqual(server.shown, ['Bearer secret-1']);
});

test('what is not given comes from the environment', async (t) => {
  const authority = await Authority.create(t);
  const own = await authority.issue({ name: 'worker' });
  const file = join(authority.directory, 'token');
  writeFileSync(file, 'of-the-file\n');
  const address = 'wazir.example.org:1';
  const read = (environment: Record<string, string>, options: ConnectOptions = {}) => {
    const found = readCredentials(address, { insecure: true, ...options }, environment);
    const name = found.channelOptions['grpc.ssl_target_name_override'];
    return [found.channel._isSecure(), found.token?.current(), name];
  };
  assert.deepEqual(read({}), [false, undefined, undefined]);
  assert.deepEqual(read({ WAZIR_TLS: '', WAZIR_TOKEN: '' }), [false, undefined, undefined]);
  assert.deepEqual(read({ WAZIR_TLS: 'true', WAZIR_TOKEN: 'secret-1' }), [true, 'secret-1', undefined]);
  const all = {
    WAZIR_TLS_CA: authority.certFile,
    WAZIR_TLS_CLIENT_CERT: own.certFile,
    WAZIR_TLS_CLIENT_KEY: own.keyFile,
    WAZIR_TLS_SERVER_NAME: 'other.example.org',
    WAZIR_TOKEN_FILE: file,
    WAZIR_TOKEN: 'secret-1',
  };
  assert.deepEqual(read(all), [true, 'of-the-file', 'other.example.org']);
  assert.deepEqual(read(all, { tls: false, token: 'given' }), [false, 'given', undefined]);
  assert.deepEqual(read(all, { metadata: { authorization: 'x' } }), [true, undefined, 'other.example.org']);
  assert.throws(() => read({ WAZIR_TLS: 'yes' }), /WAZIR_TLS: expected true or false/);
  assert.throws(() => read({ WAZIR_TLS_CLIENT_CERT: own.certFile }), /its key are given together/);
  assert.throws(
    () => read({ WAZIR_TLS_CA: '/nowhere/ca.pem' }),
    /TLS can not use \/nowhere\/ca\.pem: ENOENT/,
  );
  assert.throws(() => read({ WAZIR_TOKEN_FILE: '/nowhere/token' }), /ENOENT.*\/nowhere\/token/);
  assert.throws(() => read({ WAZIR_TOKEN: 'two words' }), /^Error: WAZIR_TOKEN: expected one token/);
  assert.throws(() => read({}, { token: 'a', tokenFile: file }), TypeError);
  assert.throws(() => read({}, { tls: true, credentials: credentials.createSsl() }), TypeError);
});

test('a token that is refused is sent again only where its file has another', async (t) => {
  const { directory } = await Authority.create(t);
  const tokenFile = join(directory, 'token');
  writeFileSync(tokenFile, 'first');
  const server = await startGuarded(t);
  server.tokens.add('first');
  const client = connect(server.address, { tokenFile });
  t.after(() => client.close());
  const call = async () => {
    for await (const study of client.listStudies()) assert.fail(study.name);
  };
  await call();
  // The next call finds the file changed.
  replace(tokenFile, 'other');
  server.tokens.add('other');
  await call();
  renameSync(tokenFile, `${tokenFile}.away`);
  await call();
  assert.deepEqual(server.shown.splice(0), ['Bearer first', 'Bearer other', 'Bearer other']);
  // Refused: the file has no other.
  server.tokens.clear();
  server.tokens.add('third');
  await assert.rejects(call(), { code: 'UNAUTHENTICATED', message: /WAZIR_TOKEN_FILE/ });
  assert.deepEqual(server.shown.splice(0), ['Bearer other']);
  // Refused while the file is being replaced: the call is made again, once.
  server.onRefusal = () => replace(tokenFile, 'third');
  await call();
  assert.deepEqual(server.shown.splice(0), ['Bearer other', 'Bearer third']);
  server.refuseWith = { code: status.PERMISSION_DENIED, details: 'may only read' };
  await assert.rejects(call(), { code: 'PERMISSION_DENIED', message: /^may only read: .* access file$/ });
  assert.equal(server.shown.length, 1);
});

test('reports go on when the token is replaced, and fail when it is only refused', async (t) => {
  const { directory } = await Authority.create(t);
  const tokenFile = join(directory, 'token');
  writeFileSync(tokenFile, 'first');
  const shown: string[] = [];
  const valid = new Set(['first']);
  const server = await FakeServer.start({
    onReport(request, call) {
      const [authorization] = call.metadata.get('authorization');
      shown.push(`${String(authorization)} ${request.measurement?.step}`);
      if (valid.has(String(authorization).replace('Bearer ', ''))) {
        call.write(answer(request, Directive_Kind.CONTINUE));
        return;
      }
      if (valid.has('second')) replace(tokenFile, 'second');
      call.emit('error', failure(status.UNAUTHENTICATED, 'no valid token', 'UNAUTHENTICATED'));
    },
  });
  const rpc = new Rpc(server.address, { tokenFile });
  const stream = new ReportStream(rpc);
  stream.retain();
  t.after(() => {
    stream.close();
    rpc.close();
    server.stop();
  });
  const report = (step: number) =>
    stream.send({
      trial: 'owners/default/studies/s/trials/1',
      attempt: 1,
      studyUid: 'u',
      measurement: writeMeasurement(step, { loss: 1 }),
    });
  await report(1);
  valid.clear();
  valid.add('second');
  await report(2);
  assert.deepEqual(shown, ['Bearer first 1', 'Bearer first 2', 'Bearer second 2']);
  valid.clear();
  await assert.rejects(report(3), { code: 'UNAUTHENTICATED', message: /WAZIR_TOKEN_FILE/ });
  assert.equal(shown.length, 4);
});
