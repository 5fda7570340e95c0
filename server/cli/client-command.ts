import { Command } from 'commander';
import picocolors from 'picocolors';
import { clientConfig, defaults } from '../config.js';
import { connect, type Clients } from './clients.js';
import { write } from './output.js';
import { safeJson } from './safe-text.js';
import { wantsColours, type Surroundings } from './surroundings.js';
import type { Json } from './to-json.js';

type Colours = ReturnType<typeof picocolors.createColors>;

/** What a command that talks to a server works with. */
export interface ClientContext {
  readonly surroundings: Surroundings;
  readonly clients: Clients;
  /** The server's address, for messages. */
  readonly server: string;
  /** How long to wait for one answer. */
  readonly timeoutMs: number;
  /** Id of the owner whose studies are meant. */
  readonly owner: string;
  /** Whether the output is for programs. */
  readonly json: boolean;
  /** Paints only where standard output takes colours. */
  readonly colours: Colours;
  /** Writes a line, or several, to standard output. */
  readonly print: (text: string) => Promise<void>;
  /** Writes a JSON document on one line. */
  readonly printJson: (document: Json) => Promise<void>;
}

/** The arguments as commander found them: optional ones may be missing, repeated ones are last. */
export type Arguments = readonly (string | undefined)[];

/** The command's own options, by their names in camel case. */
export type Options = Readonly<Record<string, unknown>>;

export type ClientWork = (context: ClientContext, given: Arguments, options: Options) => Promise<void>;

/** A command that talks to a server: with the options that all of these have. */
export function clientCommand(
  surroundings: Surroundings,
  usage: string,
  summary: string,
  work: ClientWork,
): Command {
  const [name, ...args] = usage.split(' ');
  const command = new Command(name).description(summary);
  for (const argument of args) command.argument(argument);
  command
    .option(
      '--server <address>',
      `where the server is: host:port or unix:/path (WAZIR_SERVER; ${defaults.server})`,
    )
    .option('--owner <owner>', `whose studies are meant (WAZIR_OWNER; ${defaults.owner})`)
    .option('--timeout <duration>', `how long to wait for an answer (WAZIR_TIMEOUT; ${defaults.timeout})`)
    .option('--tls', 'speak TLS, with a server of the well-known authorities (WAZIR_TLS)')
    .option('--tls-ca <file>', "speak TLS; the server's authorities, PEM (WAZIR_TLS_CA)")
    .option('--tls-cert <file>', 'certificate chain to show the server, PEM (WAZIR_TLS_CLIENT_CERT)')
    .option('--tls-key <file>', 'its key, PEM (WAZIR_TLS_CLIENT_KEY)')
    .option(
      '--tls-server-name <name>',
      "the name in the server's certificate, if not the address (WAZIR_TLS_SERVER_NAME)",
    )
    .option(
      '--token-file <file>',
      'a token that says who calls (WAZIR_TOKEN_FILE, or the token itself in WAZIR_TOKEN; never an argument: others could read it)',
    )
    .option('--insecure', 'send a token even in plain text to another machine')
    .option('--json', 'print JSON, for programs');
  return command.action(async () => {
    const options = command.opts<Options>();
    const config = clientConfig({ flags: options, environment: surroundings.environment });
    const clients = connect(config.server, config.timeoutMs, config);
    const { stdout, environment } = surroundings;
    const context: ClientContext = {
      surroundings,
      clients,
      server: config.server,
      timeoutMs: config.timeoutMs,
      owner: config.owner,
      json: options['json'] === true,
      colours: picocolors.createColors(wantsColours(stdout, environment)),
      print: (text) => write(stdout, `${text}\n`),
      printJson: (document) => write(stdout, `${safeJson(JSON.stringify(document))}\n`),
    };
    try {
      await work(context, command.processedArgs as Arguments, options);
    } finally {
      clients.close();
    }
  });
}

/** For options that may be given several times. */
export function collect(value: string, before: readonly string[] | undefined): readonly string[] {
  return [...(before ?? []), value];
}
