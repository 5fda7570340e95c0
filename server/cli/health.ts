import { credentials, makeGenericClientConstructor, type ServiceError } from '@grpc/grpc-js';
import { service } from 'grpc-health-check';
import type { Command } from 'commander';
import { clientCommand } from './client-command.js';
import { ExitCode } from './exit-code.js';
import { Failure } from './failure.js';
import type { Surroundings } from './surroundings.js';

type Check = (
  request: { service: string },
  options: { deadline: number },
  callback: (error: ServiceError | null, response: { status: string | number }) => void,
) => void;

const HealthClient = makeGenericClientConstructor(service, 'Health');

/** `wazir health`: for container health checks. */
export function health(surroundings: Surroundings): Command {
  return clientCommand(
    surroundings,
    'health',
    'whether the server serves',
    async ({ server, timeoutMs, json, print, printJson }) => {
      const client = new HealthClient(server, credentials.createInsecure());
      const check = (client as unknown as { check: Check }).check.bind(client);
      const status = await new Promise<string>((resolve) => {
        check({ service: '' }, { deadline: Date.now() + timeoutMs }, (error, response) =>
          resolve(error ? 'UNREACHABLE' : String(response.status)),
        );
      });
      client.close();
      if (json) await printJson({ status });
      else await print(status);
      if (status !== 'SERVING') throw new Failure(ExitCode.unreachable, `${server} does not serve`);
    },
  );
}
