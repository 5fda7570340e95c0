import { isIPv4 } from 'node:net';

/** The host of `host:port` or `[ipv6]:port`; empty for a unix socket and for the other forms that gRPC knows. */
export function hostOf(address: string): string {
  const match = /^(?:\[([0-9a-fA-F:.]+(?:%\w+)?)\]|([^\s:/[\]]+))(?::\d+)?$/.exec(address);
  return match?.[1] ?? match?.[2] ?? '';
}

/** Whether an address is of this machine. Only what is known to be: `127.example.org` is another. */
export function isLocal(address: string): boolean {
  if (/^unix(-abstract)?:/.test(address)) return true;
  const host = hostOf(address);
  return host === 'localhost' || host === '::1' || (isIPv4(host) && host.startsWith('127.'));
}
