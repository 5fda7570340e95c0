/** The options of `wazir serve`. */
import { Option, type Command } from 'commander';
import { defaults, fileSettings, logLevels } from '../config.js';
import { limitNames, limitTable } from '../domain/limits.js';
import { collect } from './client-command.js';
import { snakeCase } from './contract.js';

type Name = keyof typeof defaults;

const flagOf = (name: string) => `--${name.replaceAll('_', '-')}`;

/** Where else a setting may come from, and what it is otherwise. */
function origin(name: string, otherwise: unknown): string {
  const parts = [`WAZIR_${name.toUpperCase()}`, String(otherwise)].filter((part) => part !== '');
  return `(${parts.join('; ')})`;
}

function option(name: Name, value: string, what: string): Option {
  return new Option(`${flagOf(name)}${value}`, `${what} ${origin(name, defaults[name])}`);
}

export function addServeOptions(command: Command): void {
  const options = [
    option('listen', ' <address>', 'host:port or unix:/path; repeatable').argParser(collect),
    option('data', ' <directory>', 'where the data lies'),
    option(
      'access',
      ' <file>',
      'who may do what, as YAML; without it everybody who can connect may do everything',
    ),
    option('tls_cert', ' <file>', "the server's certificate chain, PEM; read again when it changes"),
    option('tls_key', ' <file>', 'its key, PEM'),
    option('tls_client_ca', ' <file>', "authorities of clients' certificates, PEM: clients must show one"),
    option('insecure', '', 'allow plain text beyond this machine'),
    option('health_listen', ' <address>', 'serve health alone there, in plain text and to everybody'),
    option('reflection', ' <boolean>', 'whether the server describes itself to clients'),
    option('log_level', ' <level>', `least level of the log: ${logLevels.join(', ')}`),
    option('grace', ' <duration>', 'how long calls under way may take at the end'),
    option('handshake_timeout', ' <duration>', 'how long a connection may take until it speaks HTTP/2'),
    option('free_space_floor', ' <bytes>', 'bytes that must stay free on the disk for writes to be taken'),
    option(
      'ballast',
      ' <bytes>',
      'size of a file that is given up where a full disk would keep the server from starting',
    ),
    option('accept_loss', '', 'start although written batches are missing, this once'),
    ...limitNames.map((name) => {
      const { unit, what, default: otherwise } = limitTable[name];
      const setting = snakeCase(name);
      return new Option(
        `${flagOf(setting)} <${unit === 'bytes' ? 'bytes' : 'count'}>`,
        `limit: ${what} ${origin(setting, otherwise)}`,
      );
    }),
    new Option('--config <file>', `settings as YAML (WAZIR_CONFIG): ${fileSettings.join(', ')}`),
  ];
  for (const each of options) command.addOption(each);
}
