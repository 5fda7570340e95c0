/** An address to listen on or to call. */
export type Address =
  | { readonly kind: 'tcp'; readonly host: string; readonly port: number }
  | { readonly kind: 'unix'; readonly path: string };

/** Reads `host:port`, `[ipv6]:port`, `unix:/path` and `unix:path`; undefined where the text is neither. */
export function parseAddress(text: string, leastPort: number): Address | undefined {
  if (text.startsWith('unix:')) {
    const path = text.slice('unix:'.length).replace(/^\/\/(?=\/)/, '');
    return path === '' || path.includes('\0') ? undefined : { kind: 'unix', path };
  }
  const match = /^(?:\[([0-9a-fA-F:.]+(?:%\w+)?)\]|([^\s:/[\]]+)):(\d{1,5})$/.exec(text);
  if (match === null) return undefined;
  const port = Number(match[3]);
  if (port < leastPort || port > 65_535) return undefined;
  return { kind: 'tcp', host: (match[1] ?? match[2])!, port };
}

/** An address as it is written, `host:port`, `[ipv6]:port` or `unix:/path`. */
export function formatAddress(address: Address): string {
  if (address.kind === 'unix') return `unix:${address.path}`;
  const { host, port } = address;
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}

/** Whether an address that is to be called is on this machine, going by how it is written. */
export function isLocal(address: Address): boolean {
  if (address.kind === 'unix') return true;
  return address.host === 'localhost' || address.host === '::1' || /^127(\.\d{1,3}){3}$/.test(address.host);
}
