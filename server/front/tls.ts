/** TLS before HTTP/2: connections come in encrypted and leave for the server in clear. */
import { createServer, type SecureContextOptions, type Server, type TLSSocket } from 'node:tls';
import type { Socket } from 'node:net';
import type { Logger } from 'pino';
import {
  followCertificates,
  readCertificates,
  tellCertificate,
  type CertificateFiles,
  type Certificates,
} from './certificates.js';
import { keepCertificate } from './keep-certificate.js';

export interface TlsOptions {
  readonly files: CertificateFiles;
  readonly handshakeTimeoutMs: number;
  readonly logger: Logger;
}

const minVersion = 'TLSv1.2';

function contextOf({ cert, key, clientCa }: Certificates): SecureContextOptions {
  // Not the system's authorities: whoever they vouch for is nobody's client here.
  return { cert, key, minVersion, ...(clientCa === undefined ? {} : { ca: clientCa }) };
}

export class Tls {
  readonly #server: Server;
  readonly #closing = new AbortController();
  #secured: (connection: TLSSocket) => void = () => undefined;

  private constructor(certificates: Certificates, { files, handshakeTimeoutMs, logger }: TlsOptions) {
    this.#server = createServer({
      ...contextOf(certificates),
      ALPNProtocols: ['h2'],
      handshakeTimeout: handshakeTimeoutMs,
      requestCert: files.clientCa !== undefined,
      rejectUnauthorized: files.clientCa !== undefined,
    });
    this.#server.on('secureConnection', (connection) => {
      connection.on('error', () => undefined);
      // A client that does not say what it speaks does not speak gRPC.
      if (connection.alpnProtocol !== 'h2') {
        connection.destroy();
        return;
      }
      keepCertificate(connection);
      this.#secured(connection);
    });
    this.#server.on('tlsClientError', (error, connection) => {
      logger.debug(
        { problem: (error as NodeJS.ErrnoException).code ?? error.message },
        'TLS handshake failed',
      );
      // After its time is up Node tells of it, and leaves it open.
      connection.destroy();
    });
  }

  /**
   * Reads the files, and keeps an eye on them: new connections are made with what is in them now.
   * @throws CertificateError
   */
  static async open(options: TlsOptions): Promise<Tls> {
    const { files, logger } = options;
    const certificates = await readCertificates(files);
    const tls = new Tls(certificates, options);
    tellCertificate(logger, files, certificates);
    const changed = (now: Certificates) => tls.#server.setSecureContext(contextOf(now));
    void followCertificates(files, certificates, { logger, signal: tls.#closing.signal, changed });
    return tls;
  }

  /** Calls back with each connection whose handshake has gone well. */
  onSecured(secured: (connection: TLSSocket) => void): void {
    this.#secured = secured;
  }

  /** Shakes hands; a connection with which that fails, or takes too long, is ended. */
  accept(socket: Socket): void {
    this.#server.emit('connection', socket);
  }

  /** Reads the files no more. */
  close(): void {
    this.#closing.abort();
  }
}
