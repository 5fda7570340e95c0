/** `wazir access`: what an access file is made and checked with. No server is asked. */
import { Command } from 'commander';
import { write } from './output.js';
import { safeJson, safeText } from './safe-text.js';
import { startFailure } from './start-failure.js';
import type { Surroundings } from './surroundings.js';

export function access(surroundings: Surroundings): Command {
  return new Command('access')
    .description('make tokens, check the file of who may do what')
    .addCommand(token(surroundings))
    .addCommand(check(surroundings));
}

function token({ stdout }: Surroundings): Command {
  const command = new Command('token')
    .description('make a token: it is for the client and shown this once; its SHA-256 is for the access file')
    .option('--json', 'print JSON, for programs');
  return command.action(async () => {
    // Here, not at the top: client commands have no use for it.
    const { makeToken, tokenDigest } = await import('../access/token.js');
    const made = makeToken();
    const digest = tokenDigest(made);
    const text = command.opts<{ json?: boolean }>().json
      ? JSON.stringify({ token: made, tokenSha256: digest })
      : `token: ${made}\ntoken_sha256: ${digest}`;
    await write(stdout, `${text}\n`);
  });
}

function check({ stdout }: Surroundings): Command {
  const command = new Command('check')
    .description('say whether a server would take an access file')
    .argument('<file>', 'the access file, YAML')
    .option('--json', 'print JSON, for programs');
  return command.action(async () => {
    const [file] = command.processedArgs as [string];
    const { readAccessFileAt } = await import('../access/access-source.js');
    const { list, isLoose } = await readAccessFileAt(file).catch((error: unknown) => {
      throw startFailure(error);
    });
    const text = command.opts<{ json?: boolean }>().json
      ? safeJson(JSON.stringify({ principals: list.size, isLoose }))
      : safeText(
          `${file}: ${list.size} principals${isLoose ? '; others than its owner can read or write it' : ''}`,
        );
    await write(stdout, `${text}\n`);
  });
}
