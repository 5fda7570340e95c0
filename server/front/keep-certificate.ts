import type { TLSSocket } from 'node:tls';

/**
 * Reads the peer's certificate once. Node reads it anew whenever it is asked, and
 * is asked with each call; that takes longer than the call. HTTP/2 forbids the
 * renegotiation by which a TLS connection could get another one.
 */
export function keepCertificate(connection: TLSSocket): void {
  const certificate = connection.getPeerCertificate();
  connection.getPeerCertificate = (() => certificate) as TLSSocket['getPeerCertificate'];
}
