/** Who the peer of a connection is, calls see without reading its certificate anew. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { TLSSocket } from 'node:tls';
import { credentials } from '@grpc/grpc-js';
import { writeAccess } from '../access/people.js';
import { startTestServer } from '../app/test-server.js';
import { TestClient } from '../test-client.js';
import { Authority } from '../tls/certificates.js';

test('the certificate is read once for each connection', async (t) => {
  const authority = await Authority.create(t);
  const { certFile, keyFile } = await authority.server();
  const { cert, key } = await authority.issue({ name: 'w', use: 'client', dns: ['w.example'] });
  const access = writeAccess(authority.directory, [{ name: 'w', role: 'read', certificate: 'w.example' }]);
  const tls = { cert: certFile, key: keyFile, clientCa: authority.certFile };
  const { address } = await startTestServer(t, { access, tls });
  // Clients, in this very process, look at their server's certificate too.
  let ofClients = 0;
  const { mock } = t.mock.method(
    TLSSocket.prototype,
    'getPeerCertificate',
    function (this: TLSSocket, all = false) {
      if (!(this as unknown as { _tlsOptions: { isServer: boolean } })._tlsOptions.isServer) ofClients++;
      return real.call(this, all);
    },
  );
  for (let connection = 1; connection <= 2; connection++) {
    const channel = credentials.createSsl(Buffer.from(authority.cert), Buffer.from(key), Buffer.from(cert));
    const client = new TestClient(address, channel);
    t.after(() => client.close());
    for (let call = 0; call < 5; call++) await client.listAlgorithms({});
    assert.equal(mock.callCount() - ofClients, connection);
  }
});

const real = Object.getOwnPropertyDescriptor(TLSSocket.prototype, 'getPeerCertificate')!.value as (
  this: TLSSocket,
  all: boolean,
) => object;
