/** An address with its hosts looked up: what is checked for its reach is what is bound. */
import { lookup } from 'node:dns/promises';
import { BlockList, isIP } from 'node:net';
import { formatAddress, parseAddress, type Address } from '../address.js';
import { ListenError } from './listen-error.js';

export interface Endpoint {
  /** As clients write it. */
  readonly text: string;
  readonly address: Address;
  /** The numeric hosts of a TCP address: all that its name has, at least one; none of a unix socket. */
  readonly hosts: readonly string[];
  /** Whether only this machine can reach it. */
  readonly isLocal: boolean;
}

const loopback = new BlockList();
loopback.addSubnet('127.0.0.0', 8, 'ipv4');
loopback.addAddress('::1', 'ipv6');

// A zone (fe80::1%eth0) is no part of the address for the list.
const isLoopback = (host: string) =>
  loopback.check(host.replace(/%.*$/, ''), isIP(host) === 6 ? 'ipv6' : 'ipv4');

/**
 * Reads an address and looks its host up.
 * @throws ListenError where it is none, or its name is unknown
 */
export async function endpointOf(text: string): Promise<Endpoint> {
  const address = parseAddress(text, 0);
  if (address === undefined) throw new ListenError(text, 'must be host:port or unix:/path');
  const written = formatAddress(address);
  if (address.kind === 'unix') return { text: written, address, hosts: [], isLocal: true };
  const hosts = await hostsOf(address.host).catch((error: unknown) => {
    throw new ListenError(written, error);
  });
  return { text: written, address, hosts, isLocal: hosts.every(isLoopback) };
}

async function hostsOf(host: string): Promise<string[]> {
  if (isIP(host) !== 0) return [host];
  const found = await lookup(host, { all: true });
  return [...new Set(found.map(({ address }) => address))];
}

/** Endpoints of texts, each once: a port that is given twice is one endpoint, but port 0 is another each time. */
export async function endpointsOf(texts: readonly string[]): Promise<Endpoint[]> {
  const found = await Promise.all(texts.map(endpointOf));
  return found.filter(
    ({ address, text }, i) =>
      (address.kind === 'tcp' && address.port === 0) || found.findIndex((other) => other.text === text) === i,
  );
}

/**
 * Refuses what other machines could reach in plain text.
 * @throws ListenError
 */
export function refuseExposed(endpoints: readonly Endpoint[]): void {
  const exposed = endpoints.find(({ isLocal }) => !isLocal);
  if (exposed)
    throw new ListenError(
      exposed.text,
      'other machines can reach it, in plain text; give a certificate (--tls-cert, --tls-key), or allow it (--insecure)',
    );
}
