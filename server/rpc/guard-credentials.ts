/** What a caller shows: the token in the metadata of its call, or the certificate of its connection. */
import type { Metadata, ServerUnaryCall } from '@grpc/grpc-js';
import type { Credential } from '../access/access-list.js';
import { certificateNames } from '../access/certificate-names.js';
import { tokenDigest } from '../access/token.js';
import { WazirError } from '../domain/errors.js';

type AuthContext = ReturnType<ServerUnaryCall<unknown, unknown>['getAuthContext']>;

export interface CredentialedCall {
  readonly metadata: Metadata;
  getAuthContext(): AuthContext;
}

const bearer = /^bearer +([\x21-\x7e]{1,512})$/i;

/**
 * Where there is a token it alone counts, right or wrong: several people's calls
 * may come over one connection, such as a proxy's. Throws UNAUTHENTICATED where
 * there is nothing, or no well-formed thing.
 */
export function credentialOf(call: CredentialedCall): Credential {
  const values = call.metadata.get('authorization');
  if (values.length > 0) {
    const [value] = values;
    const match = values.length === 1 && typeof value === 'string' ? bearer.exec(value) : null;
    if (!match) throw new WazirError('UNAUTHENTICATED', 'authorization must be "Bearer" and a token, once');
    return { kind: 'token', digest: tokenDigest(match[1]!) };
  }
  const certificate = call.getAuthContext().sslPeerCertificate;
  if (!certificate)
    throw new WazirError(
      'UNAUTHENTICATED',
      'this server wants to know who calls: send a token, as authorization "Bearer TOKEN", or show a certificate',
    );
  return credentialOfCertificate(certificate);
}

type Certificate = NonNullable<AuthContext['sslPeerCertificate']>;

const read = new WeakMap<Certificate, Credential>();

function credentialOfCertificate(certificate: Certificate): Credential {
  let credential = read.get(certificate);
  if (!credential) {
    credential = {
      kind: 'certificate',
      identities: certificateNames(certificate.subjectaltname),
      notAfterMs: Date.parse(certificate.valid_to) || 0,
    };
    read.set(certificate, credential);
  }
  return credential;
}
