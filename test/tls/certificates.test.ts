/** The certificates that tests are made with, as a TLS peer sees them. */
import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync, readdirSync, existsSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { test, type TestContext } from 'node:test';
import { connect, createServer, type ConnectionOptions, type TLSSocket } from 'node:tls';
import { Authority, type Certificate } from './certificates.js';

/** What a server of this certificate finds out about the client. */
async function seenOf(t: TestContext, server: Certificate, ca: string, options: ConnectionOptions) {
  const { cert, key } = server;
  const listening = createServer({ cert, key, ca, requestCert: true, rejectUnauthorized: false });
  listening.listen(0, '127.0.0.1');
  await once(listening, 'listening');
  t.after(() => listening.close());
  const { port } = listening.address() as AddressInfo;
  const client = connect({ port, host: '127.0.0.1', ca, ...options });
  t.after(() => client.destroy());
  const [[socket]] = await Promise.all([
    once(listening, 'secureConnection') as Promise<[TLSSocket]>,
    once(client, 'secureConnect'),
  ]);
  const { subjectaltname } = socket.getPeerCertificate();
  return { names: subjectaltname, error: socket.authorizationError as unknown };
}

test('a server and a client of one authority trust each other, and names come through', async (t) => {
  const authority = await Authority.create(t);
  const server = await authority.server();
  const client = await authority.issue({
    name: 'worker',
    use: 'client',
    dns: ['worker.example.org'],
    uri: ['spiffe://example.org/worker'],
  });
  assert.deepEqual(await seenOf(t, server, authority.cert, client), {
    names: 'DNS:worker.example.org, URI:spiffe://example.org/worker',
    error: null,
  });
});

test('what is not of the authority, expired, or for another use is refused', async (t) => {
  const authority = await Authority.create(t);
  const other = await Authority.create(t, 'Another authority');
  const server = await authority.server();
  const past = new Date(Date.now() - 1_000);
  const cases: [Certificate, string][] = [
    [await authority.selfSigned({ name: 'self' }), 'DEPTH_ZERO_SELF_SIGNED_CERT'],
    [await other.issue({ name: 'worker' }), 'UNABLE_TO_VERIFY_LEAF_SIGNATURE'],
    [await authority.issue({ name: 'expired', notAfter: past }), 'CERT_HAS_EXPIRED'],
    [await authority.issue({ name: 'server-only', use: 'server' }), 'INVALID_PURPOSE'],
  ];
  for (const [certificate, code] of cases) {
    const { error } = await seenOf(t, server, authority.cert, certificate);
    assert.equal(error, code);
  }
  await assert.rejects(seenOf(t, server, authority.cert, { ca: other.cert }), {
    code: 'SELF_SIGNED_CERT_IN_CHAIN',
  });
});

test('the same name again replaces the files; all go with the test', async (t) => {
  let directory = '';
  await t.test('inner', async (inner) => {
    const authority = await Authority.create(inner);
    directory = authority.directory;
    const first = await authority.issue({ name: 'server' });
    const second = await authority.issue({ name: 'server' });
    assert.equal(first.certFile, second.certFile);
    assert.notEqual(first.cert, second.cert);
    assert.equal(readFileSync(second.certFile, 'utf8'), second.cert);
    assert.ok(new X509Certificate(second.cert).checkIssued(new X509Certificate(authority.cert)));
    assert.deepEqual(readdirSync(directory).sort(), ['ca.pem', 'server.key', 'server.pem']);
  });
  assert.equal(existsSync(directory), false);
});
