import { setLogger } from '@grpc/grpc-js';
import { Command } from 'commander';
import { isLocal, parseAddress } from '../address.js';
import { serveConfig } from '../config.js';
import { createLogger } from '../logger.js';
import type { Options } from './client-command.js';
import { signalExitCodes } from './exit-code.js';
import { Failure } from './failure.js';
import { addServeOptions } from './serve-options.js';
import { dataFailure } from './start-failure.js';
import type { Surroundings } from './surroundings.js';

export function serve(surroundings: Surroundings): Command {
  const command = new Command('serve').description(
    'run the server until SIGTERM or SIGINT; logs JSON lines to standard output',
  );
  addServeOptions(command);
  return command.action(async () => {
    const flags = command.opts<Options>();
    const config = serveConfig({ flags, environment: surroundings.environment });
    const logger = createLogger({ level: config.logLevel });
    // grpc-js would write texts of its own to standard error, beside the JSON.
    const tell = (...parts: unknown[]) => logger.warn({ detail: parts.map(String).join(' ') }, 'grpc');
    setLogger({ error: tell, info: tell, debug: tell });
    // Before the start: a signal that comes while the database opens ends it, which a database survives.
    const interrupted = surroundings.interrupted();
    // Here, not at the top: client commands have no use for the whole server.
    const { startServer } = await import('../app.js');
    const { data, freeSpaceFloorBytes, ballastBytes, acceptLoss, ...rest } = config;
    const starting = startServer({
      ...rest,
      dataDir: data,
      store: { freeSpaceFloorBytes, ballastBytes, acceptLoss },
      logger,
    }).catch((error: unknown) => {
      throw dataFailure(error);
    });
    const server = await Promise.race([starting, interrupted]);
    if (typeof server === 'string') {
      logger.info({ signal: server }, 'ended while starting');
      throw new Failure(signalExitCodes[server], '');
    }
    for (const address of server.addresses) {
      logger.info({ address }, 'listening');
      const parsed = parseAddress(address, 0);
      if (parsed === undefined || isLocal(parsed)) continue;
      if (config.tls === undefined) logger.warn({ address }, 'reachable from other machines in plain text');
      if (config.access === undefined)
        logger.warn({ address }, 'whoever can connect may do everything: no access file');
    }
    if (server.healthAddress !== undefined)
      logger.info({ address: server.healthAddress }, 'health in plain text');
    logger.info({ signal: await interrupted }, 'closing');
    await server.close(config.graceMs);
    logger.info('closed');
  });
}
