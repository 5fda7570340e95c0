/** Why no connection came about, and what to do about it, out of what grpc-js says. */

interface Explanation {
  readonly cause: string;
  readonly hint: string;
}

/** By what the cause says; the first that fits. */
const hints: readonly (readonly [RegExp, hint: string])[] = [
  [/wrong version number|packet length too long/, 'it may speak no TLS: leave the --tls options away'],
  [
    /alert (certificate required|bad certificate|unknown ca|certificate unknown|certificate expired|unsupported certificate|handshake failure)/,
    'show it a certificate that it knows, with --tls-cert and --tls-key',
  ],
  [
    /certificate|altnames|cert's/,
    'name its authority with --tls-ca, and the name in its certificate with --tls-server-name',
  ],
  // How a server that waits for TLS, or for a certificate, ends the connection.
  [
    /ECONNRESET|EPIPE|Failed to connect|Connection dropped/,
    'it may want TLS: --tls-ca; or a certificate of yours too: --tls-cert',
  ],
];

/** @param details of an error UNAVAILABLE that the server itself did not send */
export function explainUnreachable(details: string): Explanation {
  // What the system said, out of what grpc-js wraps around it, and out of what OpenSSL does.
  const last = /Last error: (?:Error: )?(.*?)\.? Resolution note:/s.exec(details)?.[1] ?? details;
  const cause =
    /SSL routines:[^:]*:([^:]+):/.exec(last)?.[1] ?? last.replace(/ \(\d{4}-[\d-]+T[\d:.]+Z\)$/, '');
  const [, hint = 'start one with "wazir serve", or name another with --server or WAZIR_SERVER'] =
    hints.find(([pattern]) => pattern.test(cause)) ?? [];
  return { cause, hint };
}
