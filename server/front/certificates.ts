/**
 * A server's certificate, its key and the authorities of its clients, as they are
 * in their files now. Read anew every few seconds, and whole: watching would miss
 * the change of a link that mounted secrets make, and the files are small.
 */
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from 'pino';

/** Paths of PEM files. */
export interface CertificateFiles {
  /** The server's certificate, and those of the authorities between it and the root. */
  readonly cert: string;
  readonly key: string;
  /** Authorities of clients' certificates; clients show none where it is not given. */
  readonly clientCa?: string | undefined;
}

/** Texts in PEM that fit each other. */
export interface Certificates {
  readonly cert: string;
  readonly key: string;
  readonly clientCa: string | undefined;
}

/** Files that can not be used; the message names the one, and what is wrong with it, in one line. */
export class CertificateError extends Error {
  constructor(path: string, problem: string) {
    super(`${path}: ${problem}`);
    this.name = 'CertificateError';
  }
}

export const rereadMs = 2000;

/** Throws CertificateError. */
export async function readCertificates(files: CertificateFiles): Promise<Certificates> {
  const [cert, key, clientCa] = await Promise.all([
    read(files.cert),
    read(files.key),
    files.clientCa === undefined ? undefined : read(files.clientCa),
  ]);
  const [own] = parse(files.cert, cert);
  if (files.clientCa !== undefined) parse(files.clientCa, clientCa!);
  let fits: boolean;
  try {
    fits = own!.checkPrivateKey(createPrivateKey(key));
  } catch {
    // Not the library's words: they may quote the key.
    throw new CertificateError(files.key, 'holds no private key in PEM without a passphrase');
  }
  if (!fits) throw new CertificateError(files.key, `is not the key of the certificate in ${files.cert}`);
  return { cert, key, clientCa };
}

async function read(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    throw new CertificateError(path, `can not be read: ${(error as NodeJS.ErrnoException).code}`);
  }
}

const pem = /-----BEGIN CERTIFICATE-----[\s\S]*?-----END CERTIFICATE-----/g;

/** At least one certificate. */
function parse(path: string, text: string): X509Certificate[] {
  const found = text.match(pem);
  if (!found) throw new CertificateError(path, 'holds no certificate in PEM');
  try {
    return found.map((each) => new X509Certificate(each));
  } catch {
    throw new CertificateError(path, 'holds a certificate that can not be read');
  }
}

/**
 * Looks after the files until the signal aborts, and calls back with what is new in
 * them and can be used. What can not is told once, and changes nothing.
 */
export async function followCertificates(
  files: CertificateFiles,
  known: Certificates,
  { logger, signal, changed }: { logger: Logger; signal: AbortSignal; changed: (now: Certificates) => void },
): Promise<void> {
  let told = '';
  for (;;) {
    await sleep(rereadMs, undefined, { signal, ref: false }).catch(() => undefined);
    if (signal.aborted) return;
    try {
      const now = await readCertificates(files);
      told = '';
      if (now.cert === known.cert && now.key === known.key && now.clientCa === known.clientCa) continue;
      known = now;
      changed(now);
      tellCertificate(logger, files, now);
    } catch (error) {
      const problem = error instanceof CertificateError ? error.message : String(error);
      if (problem !== told)
        logger.error({ problem }, 'certificates can not be used; those read before still count');
      told = problem;
    }
  }
}

/** Says which certificate is shown from now on. */
export function tellCertificate(logger: Logger, files: CertificateFiles, { cert }: Certificates): void {
  const { subjectAltName, validTo, fingerprint256 } = new X509Certificate(cert);
  const facts = { path: files.cert, names: subjectAltName, validTo, fingerprint: fingerprint256 };
  if (Date.parse(validTo) < Date.now()) logger.warn(facts, 'certificate has expired');
  else logger.info(facts, 'certificate read');
}
