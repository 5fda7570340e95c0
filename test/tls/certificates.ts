/**
 * Certificates for tests: an authority of the test's own, and what it signs, as PEM files.
 *
 * By `@peculiar/x509` rather than the `openssl` program: it is there wherever `npm ci`
 * ran, and it makes certificates that are expired or not yet valid, which `openssl x509`
 * learned only in 3.4.
 */
// First: the library's dependency injection asks for it as it loads.
import 'reflect-metadata';
import {
  AuthorityKeyIdentifierExtension,
  BasicConstraintsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  KeyUsageFlags,
  KeyUsagesExtension,
  PemConverter,
  SubjectAlternativeNameExtension,
  SubjectKeyIdentifierExtension,
  X509CertificateGenerator,
  type Extension,
  type JsonGeneralNames,
  type X509Certificate,
} from '@peculiar/x509';
import { webcrypto } from 'node:crypto';
import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';

/** Whose certificate it is, and for what. */
export interface Subject {
  /** Common name, and the stem of the files. */
  readonly name: string;
  /** What the certificate may be used for: `server`, `client`, or both where it is not given. */
  readonly use?: 'server' | 'client';
  readonly dns?: readonly string[];
  readonly ip?: readonly string[];
  /** For instance `spiffe://example.org/worker`. */
  readonly uri?: readonly string[];
  /** From when; a minute ago where it is not given. */
  readonly notBefore?: Date;
  /** Until when; in a day where it is not given. */
  readonly notAfter?: Date;
}

/** A certificate with its private key: PEM texts, and the files they are in. */
export interface Certificate {
  readonly cert: string;
  readonly key: string;
  readonly certFile: string;
  readonly keyFile: string;
}

const minute = 60_000;
// Keys of elliptic curves take a millisecond to make, those of RSA half a second.
const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };

const newKeys = () => webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);

/** Signs certificates, and leaves nothing behind when the test is over. */
export class Authority {
  readonly directory: string;
  /** The authority's own certificate. */
  readonly cert: string;
  readonly certFile: string;
  readonly #certificate: X509Certificate;
  readonly #keys: webcrypto.CryptoKeyPair;

  private constructor(directory: string, certificate: X509Certificate, keys: webcrypto.CryptoKeyPair) {
    this.directory = directory;
    this.#certificate = certificate;
    this.#keys = keys;
    this.cert = certificate.toString('pem');
    this.certFile = join(directory, 'ca.pem');
    replace(this.certFile, this.cert);
  }

  /** With its files in a temporary directory; each authority has one, and a key of its own. */
  static async create(t: Pick<TestContext, 'after'>, name = 'Test authority'): Promise<Authority> {
    const directory = mkdtempSync(join(tmpdir(), 'wazir-tls-'));
    t.after(() => rmSync(directory, { recursive: true, force: true }));
    const keys = await newKeys();
    const certificate = await X509CertificateGenerator.createSelfSigned({
      name: `CN=${name}`,
      keys,
      signingAlgorithm: algorithm,
      notBefore: new Date(Date.now() - minute),
      notAfter: new Date(Date.now() + 24 * 60 * minute),
      extensions: [
        new BasicConstraintsExtension(true, undefined, true),
        new KeyUsagesExtension(KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign, true),
        await SubjectKeyIdentifierExtension.create(keys.publicKey),
      ],
    });
    return new Authority(directory, certificate, keys);
  }

  /** Signs a certificate of a new key. The same name again replaces the files, each at once. */
  async issue(subject: Subject): Promise<Certificate> {
    const keys = await newKeys();
    const certificate = await X509CertificateGenerator.create({
      subject: `CN=${subject.name}`,
      issuer: this.#certificate.subjectName,
      publicKey: keys.publicKey,
      signingKey: this.#keys.privateKey,
      signingAlgorithm: algorithm,
      ...validity(subject),
      extensions: [
        ...(await extensions(subject, keys)),
        await AuthorityKeyIdentifierExtension.create(this.#keys.publicKey),
      ],
    });
    return this.#write(subject.name, certificate, keys);
  }

  /** A certificate that no authority signed. */
  async selfSigned(subject: Subject): Promise<Certificate> {
    const keys = await newKeys();
    const certificate = await X509CertificateGenerator.createSelfSigned({
      name: `CN=${subject.name}`,
      keys,
      signingAlgorithm: algorithm,
      ...validity(subject),
      extensions: await extensions(subject, keys),
    });
    return this.#write(subject.name, certificate, keys);
  }

  /** A server's certificate for this machine's names. */
  server(): Promise<Certificate> {
    return this.issue({ name: 'server', use: 'server', dns: ['localhost'], ip: ['127.0.0.1', '::1'] });
  }

  async #write(
    name: string,
    certificate: X509Certificate,
    keys: webcrypto.CryptoKeyPair,
  ): Promise<Certificate> {
    const cert = certificate.toString('pem');
    const pkcs8 = await webcrypto.subtle.exportKey('pkcs8', keys.privateKey);
    const key = PemConverter.encode(pkcs8, 'PRIVATE KEY');
    const certFile = join(this.directory, `${name}.pem`);
    const keyFile = join(this.directory, `${name}.key`);
    replace(keyFile, key);
    replace(certFile, cert);
    return { cert, key, certFile, keyFile };
  }
}

function validity({ notBefore, notAfter }: Subject): { notBefore: Date; notAfter: Date } {
  return {
    notBefore: notBefore ?? new Date(Date.now() - minute),
    notAfter: notAfter ?? new Date(Date.now() + 24 * 60 * minute),
  };
}

async function extensions(subject: Subject, keys: webcrypto.CryptoKeyPair): Promise<Extension[]> {
  const { use, dns = [], ip = [], uri = [] } = subject;
  const names: JsonGeneralNames = [
    ...dns.map((value) => ({ type: 'dns' as const, value })),
    ...ip.map((value) => ({ type: 'ip' as const, value })),
    ...uri.map((value) => ({ type: 'url' as const, value })),
  ];
  const uses = [
    ...(use === 'client' ? [] : [ExtendedKeyUsage.serverAuth]),
    ...(use === 'server' ? [] : [ExtendedKeyUsage.clientAuth]),
  ];
  return [
    new BasicConstraintsExtension(false, undefined, true),
    new KeyUsagesExtension(KeyUsageFlags.digitalSignature, true),
    new ExtendedKeyUsageExtension(uses),
    ...(names.length > 0 ? [new SubjectAlternativeNameExtension(names)] : []),
    await SubjectKeyIdentifierExtension.create(keys.publicKey),
  ];
}

/** Whoever reads the file finds the old text or the new one, whole. */
function replace(path: string, text: string): void {
  writeFileSync(`${path}.new`, text, { mode: 0o600 });
  renameSync(`${path}.new`, path);
}
