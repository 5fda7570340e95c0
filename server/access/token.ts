/** Bearer tokens: how they are made, and what of them is kept. */
import { hash, randomBytes } from 'node:crypto';

/** Tells people, and programs that look for secrets in files, what it is. */
const prefix = 'wazir_';
const secretBytes = 32;

/** A token of 256 random bits. */
export function makeToken(): string {
  return prefix + randomBytes(secretBytes).toString('base64url');
}

/**
 * SHA-256 of a token, in hex. A plain hash is enough: nobody can try all of 2^256
 * tokens, as one could with passwords.
 */
export function tokenDigest(token: string): string {
  return hash('sha256', token, 'hex');
}
