/**
 * The settings: flags over environment over file over defaults, each checked
 * once, here. Whoever is handed a `ServeConfig` or `ClientConfig` checks nothing.
 */
import {
  ConfigError,
  finder,
  readConfigFile,
  snakeCase,
  type ConfigSources,
  type Finder,
} from './config-sources.js';
import {
  address,
  addresses,
  bytes,
  count,
  milliseconds,
  oneOf,
  optionalText,
  text,
  yesOrNo,
} from './config-values.js';
import { limitNames, limitTable, type LimitName, type Limits } from './domain/limits.js';

export { ConfigError } from './config-sources.js';

/** Every default; those of the limits are in `domain/limits.ts`. */
export const defaults = {
  /** Where `serve` listens. Loopback: whoever reaches it may do anything, unless `access` says who may what. */
  listen: ['127.0.0.1:8765'],
  /** Where `serve` keeps its data. */
  data: './data',
  /** The least level of the log. */
  log_level: 'info',
  /** How long `serve` waits for calls under way when it is asked to end. */
  grace: '10s',
  /** Whether `serve` may listen beyond this machine without TLS. */
  insecure: false,
  /** The server's certificate chain and its key, PEM files; TLS where they are given. */
  tls_cert: '',
  tls_key: '',
  /** Authorities of clients' certificates, a PEM file; clients must show a certificate where it is given. */
  tls_client_ca: '',
  /** Who may do what, a YAML file; everybody may do everything where it is not given. */
  access: '',
  /** Where health alone is served, in plain text and to everybody; nowhere where it is not given. */
  health_listen: '',
  /** Whether the server describes itself to clients. */
  reflection: true,
  /** How long a new connection may take until it speaks HTTP/2. */
  handshake_timeout: '5s',
  /** Bytes that must stay free on the disk for writes to be taken. */
  free_space_floor: '64MiB',
  /** Size of the file that is given up where a full disk keeps the database from opening. */
  ballast: '64MiB',
  /** Start although batches that had been written are missing. */
  accept_loss: false,
  /** Where client commands find the server. */
  server: '127.0.0.1:8765',
  /** Whose studies client commands mean. */
  owner: 'default',
  /** How long client commands wait for one answer. */
  timeout: '10s',
  /** Whether client commands speak TLS; they do where a file for it is given. */
  tls: false,
  /** The server's authorities, a PEM file; the well-known ones where it is not given. */
  tls_ca: '',
  /** The client's own certificate chain and its key, PEM files. Not `tls_cert`, which is the server's. */
  tls_client_cert: '',
  tls_client_key: '',
  /** The name that the server's certificate must have, where that is not the address's. */
  tls_server_name: '',
  /** Who is calling: a file with the token, read again when it changes, or the token. */
  token_file: '',
  token: '',
} as const;

export interface ServeConfig {
  /** Addresses, `host:port` or `unix:/path`; at least one. */
  readonly listen: readonly string[];
  readonly data: string;
  readonly logLevel: string;
  readonly graceMs: number;
  readonly insecure: boolean;
  readonly tls: TlsFiles | undefined;
  /** Path of the access file. */
  readonly access: string | undefined;
  readonly healthListen: string | undefined;
  readonly reflection: boolean;
  readonly handshakeTimeoutMs: number;
  readonly freeSpaceFloorBytes: number;
  readonly ballastBytes: number;
  readonly acceptLoss: boolean;
  readonly limits: Limits;
}

/** Paths of PEM files. */
export interface TlsFiles {
  readonly cert: string;
  readonly key: string;
  readonly clientCa: string | undefined;
}

export interface ClientConfig {
  /** `host:port` or `unix:/path`. */
  readonly server: string;
  readonly owner: string;
  readonly timeoutMs: number;
  readonly tls: ClientTls | undefined;
  readonly token: TokenSource | undefined;
  /** Whether a token may go to another machine in plain text. */
  readonly insecure: boolean;
}

/** Paths of PEM files, and the name that the server's certificate must have. */
export interface ClientTls {
  readonly ca: string | undefined;
  readonly cert: string | undefined;
  readonly key: string | undefined;
  readonly serverName: string | undefined;
}

/** Path of a file with a token, or a token. */
export type TokenSource = { readonly file: string } | { readonly value: string };

/** From the most talkative. */
export const logLevels = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'];

/** The settings of `wazir serve` but for the limits, as they are named in files. */
const serveSettings = [
  'listen',
  'data',
  'log_level',
  'grace',
  'insecure',
  'tls_cert',
  'tls_key',
  'tls_client_ca',
  'access',
  'health_listen',
  'reflection',
  'handshake_timeout',
  'free_space_floor',
  'ballast',
] as const satisfies readonly (keyof typeof defaults)[];

/** What may stand in a file of settings. Not `accept_loss`: it is meant for one start. */
export const fileSettings: readonly string[] = [...serveSettings, ...limitNames.map(snakeCase)];

/** Settings of `wazir serve`. Throws ConfigError. */
export function serveConfig(sources: ConfigSources): ServeConfig {
  const found = finder(sources, readConfigFile(sources, fileSettings));
  const find = <T>(name: keyof typeof defaults, parse: Parameters<typeof found<T>>[2]): T =>
    found(name, defaults[name], parse);
  const limit = (name: LimitName): number => {
    const { unit, default: otherwise } = limitTable[name];
    return found(snakeCase(name), otherwise, unit === 'bytes' ? bytes(1024) : count);
  };
  const tlsFile = (name: 'tls_cert' | 'tls_key', why: string): string =>
    find(name, (value) => optionalText(value) ?? { problem: why });
  const clientCa = find('tls_client_ca', optionalText);
  const cert = find('tls_cert', optionalText);
  const usesTls = (cert ?? find('tls_key', optionalText) ?? clientCa) !== undefined;
  return {
    listen: find('listen', addresses),
    data: find('data', text),
    logLevel: find('log_level', oneOf(logLevels)),
    graceMs: find('grace', milliseconds),
    insecure: find('insecure', yesOrNo),
    tls: usesTls
      ? {
          cert: tlsFile('tls_cert', 'TLS needs the certificate as well as its key'),
          key: tlsFile('tls_key', 'TLS needs the key as well as the certificate'),
          clientCa,
        }
      : undefined,
    access: find('access', optionalText),
    healthListen: find('health_listen', (value) => (value === '' ? undefined : address(0)(value))),
    reflection: find('reflection', yesOrNo),
    handshakeTimeoutMs: find('handshake_timeout', milliseconds),
    freeSpaceFloorBytes: find('free_space_floor', bytes(0)),
    ballastBytes: find('ballast', bytes(0)),
    acceptLoss: find('accept_loss', yesOrNo),
    limits: Object.fromEntries(limitNames.map((name) => [name, limit(name)])) as Record<LimitName, number>,
  };
}

/** Settings of the commands that talk to a server. Throws ConfigError. */
export function clientConfig({ flags, environment }: ConfigSources): ClientConfig {
  // A container's environment may have the server's own certificate and `insecure`:
  // client commands must take neither for theirs.
  const { tlsCert, tlsKey, insecure, ...others } = flags;
  const own = { ...others, tlsClientCert: tlsCert, tlsClientKey: tlsKey };
  const found = finder({ flags: own, environment });
  const file = found('token_file', defaults.token_file, optionalText);
  // No flag: every process of the machine can read the arguments of the others.
  const value = finder({ flags: {}, environment })('token', defaults.token, optionalText);
  return {
    server: found('server', defaults.server, address(1)),
    owner: found('owner', defaults.owner, text),
    timeoutMs: found('timeout', defaults.timeout, milliseconds),
    tls: clientTls(found),
    token: file !== undefined ? { file } : value !== undefined ? { value } : undefined,
    insecure: insecure === true,
  };
}

function clientTls(found: Finder): ClientTls | undefined {
  const file = (name: keyof typeof defaults) => found(name, defaults[name], optionalText);
  const tls = {
    ca: file('tls_ca'),
    cert: file('tls_client_cert'),
    key: file('tls_client_key'),
    serverName: file('tls_server_name'),
  };
  if ((tls.cert === undefined) !== (tls.key === undefined))
    throw new ConfigError('--tls-cert, --tls-key', 'a certificate and its key are given together');
  const given = Object.values(tls).some((value) => value !== undefined);
  return given || found('tls', defaults.tls, yesOrNo) ? tls : undefined;
}
