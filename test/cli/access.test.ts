/** Client commands against the real server with TLS, mutual TLS and an access file. */
import assert from 'node:assert/strict';
import { renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { test, type TestContext } from 'node:test';
import { startServer, type ServerOptions } from '../../server/app.js';
import { createLogger } from '../../server/logger.js';
import { writeAccess, type Person } from '../access/people.js';
import { FakeClock } from '../engine/fake-clock.js';
import { Authority } from '../tls/certificates.js';
import { ashaStudy } from './server.js';
import { wazir, type Setting } from './wazir.js';

const people: readonly Person[] = [
  { name: 'carol', role: 'admin', owners: ['team-a'], token: 'carols' },
  { name: 'robert', role: 'read', owners: ['team-a'], token: 'roberts' },
  { name: 'worker', role: 'work', owners: ['team-a'], certificate: 'spiffe://example.org/worker' },
];

interface Options extends Pick<Partial<ServerOptions>, 'clock'> {
  /** Whether clients must show a certificate. */
  readonly mutual?: boolean;
}

async function start(t: TestContext, { mutual = false, ...options }: Options = {}) {
  const authority = await Authority.create(t);
  const { directory } = authority;
  const certificate = await authority.server();
  const tls = { cert: certificate.certFile, key: certificate.keyFile };
  const server = await startServer({
    listen: ['127.0.0.1:0'],
    dataDir: join(directory, 'data'),
    logger: createLogger({ level: 'silent' }),
    tls: { ...tls, clientCa: mutual ? authority.certFile : undefined },
    access: writeAccess(directory, people),
    ...options,
  });
  t.after(() => server.close(1_000));
  const environment = { WAZIR_SERVER: server.addresses[0]!, WAZIR_TLS_CA: authority.certFile };
  const as = (who: Readonly<Record<string, string>>, given: readonly string[], setting: Setting = {}) =>
    wazir(given, { ...setting, environment: { ...environment, WAZIR_OWNER: 'team-a', ...who } });
  return { authority, directory, as };
}

test('each may do what the access file says, and hears what is missing', async (t) => {
  const { as } = await start(t);
  const admin = { WAZIR_TOKEN: 'carols' };
  const create = ['study', 'create', '-f', '-', '--id', 's'];
  assert.equal((await as(admin, create, { input: ashaStudy })).code, 0);
  assert.equal((await as({ WAZIR_TOKEN: 'roberts' }, ['study', 'show', 's'])).code, 0);
  const denied = await as({ WAZIR_TOKEN: 'roberts' }, ['study', 'delete', 's', '--yes']);
  assert.equal(denied.code, 1);
  assert.match(denied.stderr, /\(PERMISSION_DENIED\)\n {2}.* access file\n$/);
  for (const who of [{}, { WAZIR_TOKEN: 'nobodys' }] as Record<string, string>[]) {
    const unknown = await as(who, ['study', 'show', 's']);
    assert.equal(unknown.code, 1);
    assert.match(unknown.stderr, /\(UNAUTHENTICATED\)\n {2}say who you are with --token-file/);
    assert.deepEqual(await as(who, ['health']), { code: 0, stdout: 'SERVING\n', stderr: '' });
  }
  const other = await as({ ...admin, WAZIR_OWNER: 'team-b' }, ['study', 'show', 's']);
  assert.equal(other.code, 1);
  assert.match(other.stderr, /NOT_FOUND/);
});

test('a certificate says who calls as well as a token does', async (t) => {
  const { authority, as } = await start(t, { mutual: true });
  const own = await authority.issue({ name: 'w', use: 'client', uri: ['spiffe://example.org/worker'] });
  const foreign = await authority.issue({ name: 'f', use: 'client', uri: ['spiffe://example.org/foreign'] });
  const show = (cert: typeof own) => ({
    WAZIR_TLS_CA: authority.certFile,
    WAZIR_TLS_CLIENT_CERT: cert.certFile,
    WAZIR_TLS_CLIENT_KEY: cert.keyFile,
  });
  const created = await as(show(own), ['study', 'create', '-f', '-', '--id', 's'], { input: ashaStudy });
  assert.equal(created.code, 0, created.stderr);
  const unknown = await as(show(foreign), ['study', 'list']);
  assert.equal(unknown.code, 1);
  assert.match(unknown.stderr, /UNAUTHENTICATED/);
  const without = await as({ WAZIR_TLS_CA: authority.certFile }, ['study', 'list']);
  assert.equal(without.code, 3, without.stderr);
  assert.match(without.stderr, /--tls-cert/);
});

test('a watch goes on when its token is replaced, and ends when it is withdrawn', async (t) => {
  const clock = new FakeClock();
  const { directory, as } = await start(t, { clock });
  const file = join(directory, 'token');
  writeFileSync(file, 'carols');
  const who = { WAZIR_TOKEN_FILE: file };
  const created = await as(who, ['study', 'create', '-f', '-', '--id', 's'], { input: ashaStudy });
  assert.equal(created.code, 0, created.stderr);
  let shown = '';
  const watching = as(who, ['watch', 's', '--json'], {
    onOutput: (text) => (shown = text),
  });
  const until = async (condition: () => boolean | Promise<boolean>) => {
    for (; !(await condition()); await setTimeout(5)) await clock.advance(1_000);
  };
  await until(() => shown.includes('"caughtUp":true'));
  writeFileSync(`${file}.new`, 'next');
  renameSync(`${file}.new`, file);
  const carol = { name: 'carol', role: 'admin', owners: ['team-a'] } as const;
  writeAccess(directory, [{ ...carol, token: 'next' }]);
  // Once the server knows the next token, it has ended what the one before had let in.
  await until(async () => (await as(who, ['study', 'list'])).code === 0);
  assert.equal((await as(who, ['study', 'update', 's', '--state', 'completed'])).code, 0);
  const watched = await watching;
  assert.deepEqual([watched.code, watched.stderr], [0, '']);

  const another = ['study', 'create', '-f', '-', '--id', 'another'];
  assert.equal((await as(who, another, { input: ashaStudy })).code, 0);
  shown = '';
  let over = false;
  const again = as(who, ['watch', 'another', '--json'], { onOutput: (text) => (shown = text) });
  void again.then(() => (over = true));
  await until(() => shown.includes('"caughtUp":true'));
  writeAccess(directory, [{ ...carol, token: 'another' }]);
  await until(() => over);
  const { code, stderr } = await again;
  assert.equal(code, 1);
  assert.match(stderr, /UNAUTHENTICATED/);
});
