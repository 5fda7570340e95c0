import { readFileSync } from 'node:fs';
import { isIP } from 'node:net';
import { checkServerIdentity, createSecureContext } from 'node:tls';
import { credentials, type ChannelCredentials, type ChannelOptions } from '@grpc/grpc-js';
import { hostOf, isLocal } from './address.js';
import { fileToken, fixedToken, type Token } from './token.js';

/** TLS by PEM files, which are read when `connect` is called. */
export interface TlsOptions {
  /** The server's authorities. Not set: the well-known ones. */
  readonly ca?: string | undefined;
  /** The client's own certificate chain, for mutual TLS, with its `key`. */
  readonly cert?: string | undefined;
  readonly key?: string | undefined;
  /** The name that the server's certificate must have, where that is not the address's. */
  readonly serverName?: string | undefined;
}

export interface CredentialOptions {
  /**
   * How the server is known. `true`: by the well-known authorities; `false`: plain text. Not set:
   * `WAZIR_TLS`, `WAZIR_TLS_CA`, `WAZIR_TLS_CLIENT_CERT`, `WAZIR_TLS_CLIENT_KEY` and
   * `WAZIR_TLS_SERVER_NAME` of the environment; plain text without them.
   */
  readonly tls?: boolean | TlsOptions;
  /** A token that says who is calling. Not set: `tokenFile`. */
  readonly token?: string;
  /** A file with the token, read again when it changes. Not set: `WAZIR_TOKEN_FILE`, then `WAZIR_TOKEN` of the environment. */
  readonly tokenFile?: string;
  /** Whether a token may go to another machine in plain text. Default false. */
  readonly insecure?: boolean;
  /** Credentials of grpc-js, in place of `tls`. */
  readonly credentials?: ChannelCredentials;
  /** Sent with every call. Where it has `authorization`, no token is looked for. */
  readonly metadata?: Readonly<Record<string, string>>;
}

/** How a connection is secured, and who calls on it. */
export interface Credentials {
  readonly channel: ChannelCredentials;
  readonly channelOptions: ChannelOptions;
  readonly token: Token | undefined;
}

type Environment = Readonly<Record<string, string | undefined>>;

/** Reads what is given. Throws where a file can not be used, and where a token would go in plain text to another machine. */
export function readCredentials(
  address: string,
  options: CredentialOptions,
  environment: Environment = process.env,
): Credentials {
  if (options.credentials !== undefined && options.tls !== undefined) {
    throw new TypeError('credentials and tls are not given together');
  }
  const tls = options.credentials === undefined ? tlsOf(options.tls, environment) : undefined;
  const host = hostOf(address);
  const channel =
    options.credentials ?? (tls === undefined ? credentials.createInsecure() : secured(tls, host));
  const hasOwn = Object.keys(options.metadata ?? {}).some((key) => key.toLowerCase() === 'authorization');
  const token = tokenOf(options, hasOwn, environment);
  const showsWho = hasOwn || token !== undefined;
  if (showsWho && !channel._isSecure() && !isLocal(address) && options.insecure !== true) {
    throw new Error(
      `a token would go to ${address} in plain text: use TLS with the option tls or WAZIR_TLS_CA; the option insecure sends it all the same`,
    );
  }
  return { channel, channelOptions: tls === undefined ? {} : nameOptions(tls, host), token };
}

function tokenOf(
  { token, tokenFile }: CredentialOptions,
  hasOwn: boolean,
  environment: Environment,
): Token | undefined {
  if ([hasOwn, token !== undefined, tokenFile !== undefined].filter(Boolean).length > 1) {
    throw new TypeError('of token, tokenFile and the metadata authorization one is given');
  }
  if (hasOwn) return undefined;
  if (token !== undefined) return fixedToken(token, 'token');
  const file = tokenFile ?? nonEmpty(environment['WAZIR_TOKEN_FILE']);
  if (file !== undefined) return fileToken(file);
  const value = nonEmpty(environment['WAZIR_TOKEN']);
  return value === undefined ? undefined : fixedToken(value, 'WAZIR_TOKEN');
}

function tlsOf(given: CredentialOptions['tls'], environment: Environment): TlsOptions | undefined {
  if (given === false) return undefined;
  if (given === true) return {};
  if (given !== undefined) return given;
  const tls: TlsOptions = {
    ca: nonEmpty(environment['WAZIR_TLS_CA']),
    cert: nonEmpty(environment['WAZIR_TLS_CLIENT_CERT']),
    key: nonEmpty(environment['WAZIR_TLS_CLIENT_KEY']),
    serverName: nonEmpty(environment['WAZIR_TLS_SERVER_NAME']),
  };
  const on = environment['WAZIR_TLS'] ?? '';
  if (!['', 'true', '1', 'false', '0'].includes(on)) throw new Error('WAZIR_TLS: expected true or false');
  const anyGiven = Object.values(tls).some((value) => value !== undefined);
  return anyGiven || on === 'true' || on === '1' ? tls : undefined;
}

function secured({ ca, cert, key, serverName }: TlsOptions, host: string): ChannelCredentials {
  if ((cert === undefined) !== (key === undefined)) {
    throw new TypeError('the certificate for TLS and its key are given together');
  }
  const name = serverName ?? (isIP(host) > 0 ? host : undefined);
  let context;
  try {
    context = createSecureContext({
      ca: ca === undefined ? undefined : readFileSync(ca),
      cert: cert === undefined ? undefined : readFileSync(cert),
      key: key === undefined ? undefined : readFileSync(key),
    });
  } catch (cause) {
    const files = [ca, cert, key].filter((path) => path !== undefined).join(', ');
    throw new Error(`TLS can not use ${files}: ${(cause as Error).message}`, { cause });
  }
  return credentials.createFromSecureContext(
    context,
    name === undefined ? {} : { checkServerIdentity: (_, peer) => checkServerIdentity(name, peer) },
  );
}

/** What the server is called in the handshake: RFC 6066 wants a name there, and Node warns of a number. */
function nameOptions({ serverName }: TlsOptions, host: string): ChannelOptions {
  const name = serverName ?? (isIP(host) > 0 ? 'address.invalid' : undefined);
  return name === undefined ? {} : { 'grpc.ssl_target_name_override': name };
}

/** An empty variable is one that a template left empty. */
function nonEmpty(text: string | undefined): string | undefined {
  return text === '' ? undefined : text;
}
