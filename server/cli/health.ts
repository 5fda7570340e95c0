import type { Command } from 'commander';
import { clientCommand } from './client-command.js';
import { ExitCode } from './exit-code.js';
import { Failure } from './failure.js';
import type { Surroundings } from './surroundings.js';

/** `wazir health`: for container health checks. */
export function health(surroundings: Surroundings): Command {
  return clientCommand(
    surroundings,
    'health',
    'whether the server serves',
    async ({ server, clients, json, print, printJson }) => {
      const found = await clients.health().catch((error: unknown) => {
        if (error instanceof Failure) return error;
        throw error;
      });
      const refused = found instanceof Failure ? found : undefined;
      const unreachable = refused?.exitCode === ExitCode.unreachable;
      const status = typeof found === 'string' ? found : unreachable ? 'UNREACHABLE' : 'REFUSED';
      if (json) await printJson({ status });
      else await print(status);
      if (status === 'SERVING') return;
      const why = refused === undefined ? '' : `: ${refused.message}`;
      throw new Failure(ExitCode.unreachable, `${server} does not serve${why}`, refused?.facts);
    },
  );
}
