/** How client commands know the server and are known to it. */
import { readFileSync } from 'node:fs';
import { isIP } from 'node:net';
import { createSecureContext, checkServerIdentity } from 'node:tls';
import {
  credentials,
  InterceptingCall,
  type ChannelCredentials,
  type ChannelOptions,
  type Interceptor,
} from '@grpc/grpc-js';
import { isLocal, parseAddress } from '../address.js';
import type { ClientConfig, ClientTls } from '../config.js';
import { ExitCode } from './exit-code.js';
import { Failure } from './failure.js';
import { tokenOf, type Token } from './token.js';

/** What every client of a connection is made with. */
export interface Credentials {
  readonly channel: ChannelCredentials;
  /** With the interceptor that sends the token. */
  readonly options: ChannelOptions & { readonly interceptors?: Interceptor[] };
  readonly token: Token | undefined;
}

/** Reads the files, and refuses to send a token where others could read it. Throws a Failure. */
export function credentialsFor(
  server: string,
  { tls, token: source, insecure = false }: Partial<Pick<ClientConfig, 'tls' | 'token' | 'insecure'>>,
): Credentials {
  const address = parseAddress(server, 1);
  const host = address?.kind === 'tcp' ? address.host : '';
  const local = address !== undefined && isLocal(address);
  const token = source && tokenOf(source);
  if (token !== undefined && tls === undefined && !local && !insecure)
    throw new Failure(ExitCode.usage, `a token would go to ${server} in plain text`, {
      hint: 'use TLS with --tls-ca or --tls; --insecure sends it all the same',
    });
  // Now, not with the first call: a file that is missing is then told as such.
  token?.();
  return {
    channel: tls === undefined ? credentials.createInsecure() : secured(tls, host),
    options: {
      ...(tls === undefined ? {} : nameOptions(tls, host)),
      // Not call credentials: grpc-js sends those over TLS alone.
      ...(token === undefined ? {} : { interceptors: [sends(token)] }),
    },
    token,
  };
}

function secured({ ca, cert, key, serverName }: ClientTls, host: string): ChannelCredentials {
  const name = serverName ?? (isIP(host) > 0 ? host : undefined);
  try {
    const context = createSecureContext({
      ca: ca === undefined ? undefined : readFileSync(ca),
      cert: cert === undefined ? undefined : readFileSync(cert),
      key: key === undefined ? undefined : readFileSync(key),
    });
    return credentials.createFromSecureContext(
      context,
      name === undefined ? {} : { checkServerIdentity: (_, peer) => checkServerIdentity(name, peer) },
    );
  } catch (error) {
    const files = [ca, cert, key].filter((path) => path !== undefined).join(', ');
    throw new Failure(ExitCode.file, `TLS can not use ${files}: ${(error as Error).message}`, {
      cause: error,
    });
  }
}

/**
 * What the server is called in the handshake. grpc-js would send the address there, of
 * which Node warns where it is a number: RFC 6066 wants a name.
 */
function nameOptions({ serverName }: ClientTls, host: string): ChannelOptions {
  const name = serverName ?? (isIP(host) > 0 ? 'address.invalid' : undefined);
  return name === undefined ? {} : { 'grpc.ssl_target_name_override': name };
}

function sends(token: Token): Interceptor {
  return (options, nextCall) =>
    new InterceptingCall(nextCall(options), {
      start(metadata, listener, next) {
        metadata.set('authorization', `Bearer ${token()}`);
        next(metadata, listener);
      },
    });
}
