import { setLogger } from '@grpc/grpc-js';
import { Command } from 'commander';
import { isLocal, parseAddress } from '../address.js';
import { defaults, logLevels, serveConfig } from '../config.js';
import { createLogger } from '../logger.js';
import { collect, type Options } from './client-command.js';
import { signalExitCodes } from './exit-code.js';
import { Failure } from './failure.js';
import { startFailure } from './start-failure.js';
import type { Surroundings } from './surroundings.js';

export function serve(surroundings: Surroundings): Command {
  const command = new Command('serve')
    .description('run the server until SIGTERM or SIGINT; logs JSON lines to standard output')
    .option(
      '--listen <address>',
      `host:port or unix:/path; repeatable (WAZIR_LISTEN; ${defaults.listen.join()})`,
      collect,
    )
    .option('--data <directory>', `where the data lies (WAZIR_DATA; ${defaults.data})`)
    .option(
      '--log-level <level>',
      `least level of the log: ${logLevels.join(', ')} (WAZIR_LOG_LEVEL; ${defaults.log_level})`,
    )
    .option(
      '--grace <duration>',
      `how long calls under way may take at the end (WAZIR_GRACE; ${defaults.grace})`,
    )
    .option('--config <file>', 'settings as YAML: listen, data, log_level, grace (WAZIR_CONFIG)');
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
    const starting = startServer({ listen: config.listen, dataDir: config.data, logger }).catch(
      (error: unknown) => {
        throw startFailure(error);
      },
    );
    const server = await Promise.race([starting, interrupted]);
    if (typeof server === 'string') {
      logger.info({ signal: server }, 'ended while starting');
      throw new Failure(signalExitCodes[server], '');
    }
    for (const address of server.addresses) {
      logger.info({ address }, 'listening');
      const parsed = parseAddress(address, 0);
      if (parsed !== undefined && !isLocal(parsed)) {
        logger.warn({ address }, 'reachable from other machines, without authentication');
      }
    }
    logger.info({ signal: await interrupted }, 'closing');
    await server.close(config.graceMs);
    logger.info('closed');
  });
}
