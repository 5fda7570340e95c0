import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { pino } from 'pino';
import { startServer, type RunningServer, type ServerOptions } from '../../../server/app.js';
import {
  connect,
  double,
  maximize,
  type Client,
  type ConnectOptions,
  type CreateOptions,
} from '../src/index.js';

const logger = pino({ level: 'silent' });

export interface LiveServer {
  readonly address: string;
  /** A directory of the test's own, removed at its end; the server's data lie in `data` below it. */
  readonly directory: string;
  readonly client: Client;
  /** Another connection. */
  readonly connect: (options?: ConnectOptions) => Client;
  /** Stops the server. */
  readonly stop: () => Promise<void>;
  /** Starts it again at the same address on the same data. */
  readonly restart: () => Promise<void>;
}

/** Starts the real server, on TCP or on a unix socket, for one test. */
export async function startLive(
  t: TestContext,
  {
    unix = false,
    ...options
  }: { unix?: boolean } & Pick<Partial<ServerOptions>, 'clock' | 'tls' | 'access'> = {},
): Promise<LiveServer> {
  const directory = await mkdtemp(join(tmpdir(), 'wazir-live-'));
  const start = (address: string) =>
    startServer({ listen: [address], dataDir: join(directory, 'data'), logger, ...options });
  let running: RunningServer | undefined = await start(
    unix ? `unix:${join(directory, 'socket')}` : '127.0.0.1:0',
  );
  const address = running.addresses[0]!;
  const clients: Client[] = [];
  const open = (connectOptions?: ConnectOptions) => {
    const client = connect(address, connectOptions);
    clients.push(client);
    return client;
  };
  const stop = async () => {
    await running?.close(0);
    running = undefined;
  };
  t.after(async () => {
    for (const client of clients) client.close();
    await stop();
    await rm(directory, { recursive: true });
  });
  const restart = async () => {
    running = await start(address);
  };
  return { address, directory, client: open(), connect: open, stop, restart };
}

/** A study of one parameter, trained for up to 9 epochs under ASHA. */
export const settings = {
  parameters: [double('x', 0, 1)],
  metrics: [maximize('score')],
  resource: { name: 'epoch', max: 9 },
  scheduler: { asha: { eta: 3 } },
  limits: { maxTrials: 9 },
  seed: 1,
} satisfies CreateOptions;
