/** Client commands over real sockets: TLS, mutual TLS and tokens, and where tokens do not go. */
import assert from 'node:assert/strict';
import { status } from '@grpc/grpc-js';
import { renameSync, utimesSync, writeFileSync } from 'node:fs';
import { networkInterfaces } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { connect } from '../../server/cli/clients.js';
import { Failure } from '../../server/cli/failure.js';
import { Authority } from '../tls/certificates.js';
import { startGuarded } from '../tls/guarded-server.js';
import { wazir } from './wazir.js';

const list = (server: string, ...more: string[]) => ['study', 'list', '--server', server, ...more];
const listed = { code: 0, stderr: '' };

test('over TLS, by the authority that is named, with the token of a file', async (t) => {
  const authority = await Authority.create(t);
  const server = await startGuarded(t, { certificate: await authority.server() });
  server.tokens.add('secret-1');
  const file = join(authority.directory, 'token');
  writeFileSync(file, 'secret-1\n');
  const flags = ['--tls-ca', authority.certFile, '--token-file', file];
  // By the number as by the name, in the address as in the certificate.
  for (const address of [server.address, `localhost:${server.port}`]) {
    const { code, stderr } = await wazir(list(address, ...flags));
    assert.deepEqual({ code, stderr }, listed);
  }
  const environment = { WAZIR_TLS_CA: authority.certFile, WAZIR_TOKEN_FILE: file };
  assert.equal((await wazir(list(server.address), { environment })).code, 0);
  const direct = { WAZIR_TLS_CA: authority.certFile, WAZIR_TOKEN: 'secret-1' };
  assert.equal((await wazir(list(server.address), { environment: direct })).code, 0);
  assert.deepEqual(server.shown, Array(4).fill('Bearer secret-1'));
  const health = await wazir(['health', '--server', server.address, ...flags]);
  assert.deepEqual(health, { code: 0, stdout: 'SERVING\n', stderr: '' });
});

test('a server of another authority, or of another name, gets nothing', async (t) => {
  const authority = await Authority.create(t);
  const other = await Authority.create(t, 'Another authority');
  const certificate = await authority.issue({ name: 'elsewhere', use: 'server', dns: ['wazir.example.org'] });
  const server = await startGuarded(t, { certificate });
  const environment = { WAZIR_TOKEN: 'secret-1' };
  const refused: [flags: string[], message: RegExp][] = [
    [['--tls-ca', other.certFile], /certificate/],
    [['--tls'], /certificate/],
    [['--tls-ca', authority.certFile], /IP: 127\.0\.0\.1 is not in the cert's list/],
    [
      ['--tls-ca', authority.certFile, '--tls-server-name', 'other.example.org'],
      /other\.example\.org\. is not in the cert's altnames/,
    ],
  ];
  for (const [flags, message] of refused) {
    const { code, stderr } = await wazir(list(server.address, ...flags), { environment });
    assert.equal(code, 3, stderr);
    assert.match(stderr, message);
    assert.match(stderr, /\n {2}name its authority with --tls-ca/);
    const health = await wazir(['health', '--server', server.address, ...flags], { environment });
    assert.deepEqual([health.code, health.stdout], [3, 'UNREACHABLE\n']);
  }
  assert.deepEqual(server.shown, []);
  const named = ['--tls-ca', authority.certFile, '--tls-server-name', 'wazir.example.org'];
  assert.equal((await wazir(list(server.address, ...named))).code, 0);
});

test('mutual TLS shows the certificate that is given, from flags or the environment', async (t) => {
  const authority = await Authority.create(t);
  const server = await startGuarded(t, {
    certificate: await authority.server(),
    clientCa: authority.cert,
  });
  const own = await authority.issue({ name: 'worker', use: 'client', uri: ['spiffe://example.org/worker'] });
  const flags = ['--tls-ca', authority.certFile];
  const shown = await wazir(
    list(server.address, ...flags, '--tls-cert', own.certFile, '--tls-key', own.keyFile),
  );
  assert.deepEqual({ code: shown.code, stderr: shown.stderr }, listed);
  const environment = { WAZIR_TLS_CLIENT_CERT: own.certFile, WAZIR_TLS_CLIENT_KEY: own.keyFile };
  assert.equal((await wazir(list(server.address, ...flags), { environment })).code, 0);
  assert.equal(server.shown.length, 2);
  // The server's own, which its container has in the environment, is not taken for the client's.
  const theirs = { WAZIR_TLS_CERT: own.certFile, WAZIR_TLS_KEY: own.keyFile };
  const without = await wazir(list(server.address, ...flags), { environment: theirs });
  assert.equal(without.code, 3);
  assert.match(without.stderr, /show it a certificate that it knows, with --tls-cert/);
  assert.equal(server.shown.length, 2);
});

test('a token goes in plain text to this machine alone, unless told', async (t) => {
  const authority = await Authority.create(t);
  const environment = { WAZIR_TOKEN: 'secret-1' };
  const local = await startGuarded(t);
  assert.equal((await wazir(list(local.address), { environment })).code, 0);
  const unix = `unix:${join(authority.directory, 'socket')}`;
  const socket = await startGuarded(t, { address: unix });
  assert.equal((await wazir(list(unix), { environment })).code, 0);
  assert.deepEqual([...local.shown, ...socket.shown], ['Bearer secret-1', 'Bearer secret-1']);
  // The names of other machines may well begin like those of this one.
  for (const address of ['10.0.0.1:1', '127.example.org:1', 'localhost.example.org:1', '[2001:db8::1]:1']) {
    const { code, stdout, stderr } = await wazir(list(address), { environment });
    assert.deepEqual([code, stdout], [2, ''], address);
    assert.match(stderr, /^wazir: a token would go to .* in plain text\n {2}use TLS with --tls-ca or --tls/);
    assert.doesNotMatch(stderr, /secret/);
  }
  // `insecure` in the environment is the server's.
  const setting = { environment: { ...environment, WAZIR_INSECURE: 'true' } };
  assert.equal((await wazir(list('10.0.0.1:1'), setting)).code, 2);
});

test('told to, it sends a token in plain text to another address', async (t) => {
  const [own] = Object.values(networkInterfaces()).flatMap((each) =>
    (each ?? []).filter(({ internal, family }) => !internal && family === 'IPv4'),
  );
  // A machine without a network has only addresses that count as its own: 0.0.0.0 reaches it, and is none of them.
  const host = own?.address ?? '0.0.0.0';
  const server = await startGuarded(t, { address: `${host}:0` });
  const environment = { WAZIR_TOKEN: 'secret-1', http_proxy: '' };
  assert.equal((await wazir(list(server.address), { environment })).code, 2);
  assert.equal((await wazir(list(server.address, '--insecure'), { environment })).code, 0);
  assert.deepEqual(server.shown, ['Bearer secret-1']);
});

test('what the server says of the caller is not retried and says what to do', async (t) => {
  const server = await startGuarded(t);
  server.tokens.add('secret-1');
  const none = await wazir(list(server.address));
  assert.equal(none.code, 1);
  assert.match(
    none.stderr,
    /^wazir: no valid token \(UNAUTHENTICATED\)\n {2}say who you are with --token-file/,
  );
  const wrong = await wazir(list(server.address), { environment: { WAZIR_TOKEN: 'secret-2' } });
  assert.equal(wrong.code, 1);
  assert.doesNotMatch(wrong.stderr, /secret/);
  assert.equal(server.shown.length, 2);
  server.refuseWith = { code: status.PERMISSION_DENIED, details: 'may only read' };
  const denied = await wazir(list(server.address), { environment: { WAZIR_TOKEN: 'secret-1' } });
  assert.equal(denied.code, 1);
  assert.match(denied.stderr, /^wazir: may only read \(PERMISSION_DENIED\)\n {2}.* access file/);
});

test('a token is no argument: others could list it', async () => {
  const { code, stderr } = await wazir(list('localhost:1', '--token', 'secret-1'));
  assert.equal(code, 2);
  assert.match(stderr, /unknown option '--token'/);
  assert.match((await wazir(['study', 'list', '--help'])).stdout, /WAZIR_TOKEN; never an\s+argument/);
});

test('a token file that is missing, empty or none is refused, and never shown', async (t) => {
  const { directory } = await Authority.create(t);
  const server = await startGuarded(t);
  const file = join(directory, 'token');
  const missing = await wazir(list(server.address, '--token-file', file));
  assert.equal(missing.code, 6);
  assert.match(missing.stderr, /the token can not be read: ENOENT/);
  for (const text of ['', '\n', 'two words', 'two\nlines', 'gehe\u00efm', 'nul\0']) {
    writeFileSync(file, text);
    const { code, stderr } = await wazir(list(server.address, '--token-file', file));
    assert.equal(code, 2);
    assert.match(stderr, /^wazir: \S+\/token: expected one token, of printable ASCII without spaces\n$/);
  }
  const both = { WAZIR_TOKEN_FILE: file, WAZIR_TOKEN: 'other' };
  writeFileSync(file, 'of-the-file');
  await wazir(list(server.address), { environment: both });
  assert.deepEqual(server.shown, ['Bearer of-the-file']);
});

test('files that TLS can not use are told by name', async (t) => {
  const authority = await Authority.create(t);
  const own = await authority.issue({ name: 'worker' });
  const other = await authority.issue({ name: 'other' });
  const broken = join(authority.directory, 'broken.pem');
  writeFileSync(broken, '-----BEGIN CERTIFICATE-----\nnonsense\n-----END CERTIFICATE-----\n');
  const cases: [flags: string[], code: number, message: RegExp][] = [
    [['--tls-ca', '/nowhere/ca.pem'], 6, /TLS can not use \/nowhere\/ca\.pem: ENOENT/],
    [['--tls-cert', broken, '--tls-key', own.keyFile], 6, /TLS can not use .*broken\.pem/],
    [['--tls-cert', own.certFile, '--tls-key', other.keyFile], 6, /key values mismatch/],
    [['--tls-cert', own.certFile], 2, /--tls-cert, --tls-key: a certificate and its key are given together/],
    [['--tls-key', own.keyFile], 2, /--tls-cert, --tls-key: a certificate and its key are given together/],
  ];
  for (const [flags, expected, message] of cases) {
    const { code, stderr } = await wazir(list('localhost:1', ...flags));
    assert.equal(code, expected, stderr);
    assert.match(stderr, message);
  }
});

test('plain text and TLS that meet say so', async (t) => {
  const authority = await Authority.create(t);
  const plain = await startGuarded(t);
  const toPlain = await wazir(list(plain.address, '--tls-ca', authority.certFile));
  assert.equal(toPlain.code, 3);
  assert.match(toPlain.stderr, /\n {2}it may speak no TLS/);
  const tls = await startGuarded(t, { certificate: await authority.server() });
  const toTls = await wazir(list(tls.address));
  assert.equal(toTls.code, 3);
  assert.match(toTls.stderr, /\n {2}.*it may want TLS: --tls-ca/);
});

test('a connection sends what the token file has at the moment, the one before while it has none', async (t) => {
  const { directory } = await Authority.create(t);
  const server = await startGuarded(t);
  const file = join(directory, 'token');
  writeFileSync(file, 'first');
  const clients = connect(server.address, 10_000, { token: { file } });
  t.after(() => clients.close());
  const request = { parent: 'owners/default', pageSize: 0, pageToken: '' };
  const call = () => clients.studies.listStudies(request);
  await call();
  // As secrets are replaced: another file under the same name, here as old and as long as the one before.
  writeFileSync(`${file}.new`, 'other');
  utimesSync(file, 1, 1);
  utimesSync(`${file}.new`, 1, 1);
  await call();
  renameSync(`${file}.new`, file);
  await call();
  renameSync(file, `${file}.away`);
  await call();
  writeFileSync(file, '');
  await call();
  writeFileSync(file, 'third');
  await call();
  assert.deepEqual(
    server.shown,
    ['first', 'first', 'other', 'other', 'other', 'third'].map((each) => `Bearer ${each}`),
  );
  assert.throws(() => connect('10.0.0.1:1', 1_000, { token: { file } }), Failure);
});
