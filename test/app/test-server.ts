/** A server of a test's own, over a socket, and what a test looks at from outside. */
import { createHash } from 'node:crypto';
import { cp, mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { Level } from 'level';
import { startServer, type RunningServer, type ServerOptions } from '../../server/app.js';
import type { Clock } from '../../server/engine/clock.js';
import { createLogger, type Logger } from '../../server/logger.js';
import { TestClient } from '../test-client.js';

export interface TestServerOptions {
  readonly clock?: Clock;
  readonly logger?: Logger;
  readonly dataDir?: string;
  readonly listen?: readonly string[];
  /** Path of an access file. */
  readonly access?: string;
  readonly tls?: ServerOptions['tls'];
  readonly reflection?: boolean;
  /** Whatever else the server is to be told. */
  readonly settings?: Partial<ServerOptions>;
}

export interface TestServer {
  readonly address: string;
  readonly addresses: readonly string[];
  readonly healthAddress: string | undefined;
  readonly dataDir: string;
  readonly client: TestClient;
  /** Another client, with connections of its own. */
  connect(): TestClient;
  /** Closes clients and server; once, however often it is called. */
  stop(graceMs?: number): Promise<void>;
  /** Closes the server alone: its clients see how it ends. */
  close(graceMs?: number): Promise<void>;
}

export const silent = createLogger({ level: 'silent' });

/** A directory that is removed when the test ends. */
export async function temporaryDirectory(t: TestContext): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'wazir-test-'));
  t.after(() => rm(directory, { recursive: true, force: true, maxRetries: 5 }));
  return directory;
}

export async function startTestServer(t: TestContext, options: TestServerOptions = {}): Promise<TestServer> {
  const dataDir = options.dataDir ?? (await temporaryDirectory(t));
  const server: RunningServer = await startServer({
    ...options.settings,
    listen: options.listen ?? ['127.0.0.1:0'],
    dataDir,
    logger: options.logger ?? silent,
    ...(options.clock ? { clock: options.clock } : {}),
    access: options.access,
    tls: options.tls,
    reflection: options.reflection ?? true,
  });
  const address = server.addresses[0]!;
  const clients: TestClient[] = [];
  const connect = () => {
    const client = new TestClient(address);
    clients.push(client);
    return client;
  };
  let closed: Promise<void> | undefined;
  const close = (graceMs = 1000) => (closed ??= server.close(graceMs));
  const stop = async (graceMs?: number) => {
    for (const client of clients) client.close();
    await close(graceMs);
  };
  t.after(() => stop(0));
  return {
    address,
    addresses: server.addresses,
    healthAddress: server.healthAddress,
    dataDir,
    client: connect(),
    connect,
    stop,
    close,
  };
}

/**
 * A hash of every key and value of a server's database but for the journal's, as
 * they are on disk. Read from a copy of the files, so that it says what another
 * process would find; nothing may be under way.
 */
export async function storeDigest(dataDir: string): Promise<string> {
  const database = join(dataDir, 'db');
  const files = await sizes(database);
  const known = digests.get(dataDir);
  // Every commit makes the log longer.
  if (known?.files === files) return known.digest;
  const digest = await digestOfCopy(database);
  digests.set(dataDir, { files, digest });
  return digest;
}

const digests = new Map<string, { readonly files: string; readonly digest: string }>();

async function sizes(directory: string): Promise<string> {
  const names = (await readdir(directory)).sort();
  const stats = await Promise.all(names.map((name) => stat(join(directory, name))));
  return names.map((name, i) => `${name} ${stats[i]!.size}`).join();
}

async function digestOfCopy(from: string): Promise<string> {
  const copy = await mkdtemp(join(tmpdir(), 'wazir-digest-'));
  let database: Level<string, Uint8Array> | undefined;
  try {
    await cp(from, join(copy, 'db'), { recursive: true });
    database = new Level(join(copy, 'db'), { valueEncoding: 'view', createIfMissing: false });
    const hash = createHash('sha256');
    for await (const [key, value] of database.iterator()) {
      if (key.startsWith('j/')) continue;
      hash.update(`${key}\0${value.length}\0`).update(value);
    }
    return hash.digest('hex');
  } finally {
    await database?.close();
    await rm(copy, { recursive: true, force: true });
  }
}
