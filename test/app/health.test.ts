import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import {
  Client,
  credentials,
  loadPackageDefinition,
  type ClientReadableStream,
  type ServiceError,
} from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';
import { protoPath } from 'grpc-health-check';
import { RawPeer } from '../front/raw-peer.js';
import { createStudy, synchronous } from '../rpc/study-requests.js';
import { TestClient } from '../test-client.js';
import { Authority } from '../tls/certificates.js';
import { startTestServer, type TestServer } from './test-server.js';

interface HealthClient extends Client {
  check(
    request: { service: string },
    callback: (error: ServiceError | null, response: { status: string }) => void,
  ): void;
  watch(request: { service: string }): ClientReadableStream<{ status: string }>;
}

const services = ['', 'wazir.v1.StudyService', 'wazir.v1.TrialService', 'wazir.v1.MeasurementService'];

function healthClient(t: TestContext, { address }: TestServer): HealthClient {
  const loaded = loadPackageDefinition(loadSync(protoPath, { enums: String })) as unknown as {
    grpc: { health: { v1: { Health: new (...args: ConstructorParameters<typeof Client>) => HealthClient } } };
  };
  const client = new loaded.grpc.health.v1.Health(address, credentials.createInsecure(), {
    'grpc.use_local_subchannel_pool': 1,
  });
  t.after(() => client.close());
  return client;
}

function check(client: HealthClient, service: string): Promise<string> {
  return new Promise((resolve, reject) =>
    client.check({ service }, (error, response) => (error ? reject(error) : resolve(response.status))),
  );
}

/** The states that a watch is told, in order. */
function statuses(client: HealthClient, service: string): AsyncIterator<{ status: string }> {
  const stream = client.watch({ service });
  stream.on('error', () => undefined);
  return stream[Symbol.asyncIterator]() as AsyncIterator<{ status: string }>;
}

test('a server is SERVING, as a whole and service by service', async (t) => {
  const client = healthClient(t, await startTestServer(t));
  for (const service of services) {
    assert.equal(await check(client, service), 'SERVING', service);
    assert.deepEqual(await statuses(client, service).next(), { value: { status: 'SERVING' }, done: false });
  }
  await assert.rejects(check(client, 'wazir.v1.NoService'), { code: 5 });
});

test('a server that drains says so to those who watch, before it answers who waits', async (t) => {
  const server = await startTestServer(t);
  const client = healthClient(t, server);
  const watches = services.map((service) => statuses(client, service));
  for (const watch of watches) await watch.next();
  const study = await createStudy(server.client, 's', synchronous(9));
  await server.client.suggestTrials({ parent: study.name, clientId: 'a', count: 9 });
  const order: string[] = [];
  const waiting = server.client
    .suggestTrials({ parent: study.name, clientId: 'b' })
    .catch(() => order.push('answered'));
  await server.client.listTrials({ parent: study.name });
  const told = watches.map(async (watch) => {
    const { value } = (await watch.next()) as { value: { status: string } };
    order.push(value.status);
    return value.status;
  });
  const closed = server.close(500);
  assert.deepEqual(
    await Promise.all(told),
    services.map(() => 'NOT_SERVING'),
  );
  await waiting;
  await closed;
  assert.ok(order.includes('answered'));
});

test('health alone is served where it is asked for, in plain text and to everybody, until the end', async (t) => {
  const authority = await Authority.create(t);
  const { certFile: cert, keyFile: key } = await authority.server();
  const server = await startTestServer(t, {
    tls: { cert, key, clientCa: authority.certFile },
    settings: { healthListen: '127.0.0.1:0' },
  });
  const address = server.healthAddress!;
  const client = healthClient(t, { ...server, address });
  assert.equal(await check(client, ''), 'SERVING');
  const other = new TestClient(address);
  await assert.rejects(other.listStudies({ parent: 'owners/default' }), { code: 12 });
  other.close();
  const watch = statuses(client, '');
  await watch.next();
  const peers = await Promise.all(Array.from({ length: 200 }, () => RawPeer.connect(t, address)));
  await Promise.any(peers.map(({ gone }) => gone));
  assert.equal(await check(client, ''), 'SERVING', 'others may fill it; who is in is served');
  const closed = server.close(1000);
  assert.deepEqual((await watch.next()).value, { status: 'NOT_SERVING' });
  await closed;
  await assert.rejects(check(client, ''), { code: 14 });
});
