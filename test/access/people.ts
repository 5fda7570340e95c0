/** Access files for tests, and the tokens of those who are in them. */
import { createHash } from 'node:crypto';
import { renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

export interface Person {
  readonly name: string;
  readonly role: 'read' | 'work' | 'admin';
  /** '*' where not given. */
  readonly owners?: string | readonly string[];
  /** In clear; the file gets its hash. */
  readonly token?: string;
  readonly certificate?: string;
  readonly notAfter?: string;
}

/** As it says in the documentation of the file: SHA-256 of the token, in hex. */
export const sha256 = (token: string) => createHash('sha256').update(token).digest('hex');

/** The text of an access file. JSON is YAML. */
export function accessText(people: readonly Person[]): string {
  const principals = people.map(({ name, role, owners = '*', token, certificate, notAfter }) => ({
    name,
    role,
    owners,
    ...(token === undefined ? {} : { token_sha256: sha256(token) }),
    ...(certificate === undefined ? {} : { certificate }),
    ...(notAfter === undefined ? {} : { not_after: notAfter }),
  }));
  return JSON.stringify({ principals }, undefined, 2);
}

/** Writes, or replaces at once, the access file of a directory. */
export function writeAccess(directory: string, people: readonly Person[] | string): string {
  const path = join(directory, 'access.yaml');
  writeFileSync(`${path}.new`, typeof people === 'string' ? people : accessText(people), { mode: 0o600 });
  renameSync(`${path}.new`, path);
  return path;
}
