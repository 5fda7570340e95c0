/** Reads the access file: who is known, by what, and what each may do. */
import { isMap, isScalar, isSeq, LineCounter, parseDocument, type Node, type YAMLMap } from 'yaml';
import { idFault } from '../domain/names.js';
import { AccessList, type Entry } from './access-list.js';
import { isDnsName, isSpiffeId } from './certificate-names.js';
import { principal, roles, type Role } from './principal.js';

/** An access file that can not be used; the message names file, line and field, and no value of it. */
export class AccessFileError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'AccessFileError';
  }
}

const fields = ['name', 'token_sha256', 'certificate', 'owners', 'role', 'not_after'];
const mostDigests = 2;
const instant = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/;

/**
 * Reads the text of an access file.
 * @param path for messages
 * @throws AccessFileError
 */
export function readAccessFile(path: string, text: string): AccessList {
  return new AccessList(new Reader(path).entries(text));
}

class Reader {
  readonly #lines = new LineCounter();
  /** The line on which each thing that must be there once was seen. */
  readonly #seen = new Map<string, number>();

  constructor(private readonly path: string) {}

  entries(text: string): Entry[] {
    const document = parseDocument(text, { lineCounter: this.#lines, prettyErrors: false });
    const [broken] = document.errors;
    if (broken) {
      // The message of a broken document quotes it.
      const { line } = this.#lines.linePos(broken.pos[0]);
      throw new AccessFileError(`${this.path}:${line}: is not well-formed YAML (${broken.code})`);
    }
    const root = document.contents;
    if (!isMap(root)) throw this.#fault(root, '', 'expected "principals:", a list');
    this.#checkKeys(root, '', ['principals']);
    const list = root.get('principals', true) as Node | undefined;
    if (!isSeq(list)) throw this.#fault(list ?? root, 'principals', 'expected a list');
    return list.items.map((item, i) => this.#entry(item as Node, `principals[${i}]`));
  }

  #entry(node: Node, path: string): Entry {
    if (!isMap(node)) throw this.#fault(node, path, `expected a principal with ${fields.join(', ')}`);
    this.#checkKeys(node, path, fields);
    const at = (field: string) => [node, field, `${path}.${field}`] as const;
    const name = this.#text(...at('name'));
    if (!/^[\x21-\x7e]([\x20-\x7e]{0,62}[\x21-\x7e])?$/.test(name))
      throw this.#fault(
        this.#child(node, 'name'),
        `${path}.name`,
        'expected 1 to 64 printable ASCII characters',
      );
    this.#once(node, 'name', `${path}.name`, name, 'is the name of another principal');

    const digests = this.#digests(...at('token_sha256'));
    const identities = this.#identities(...at('certificate'));
    if (digests.length + identities.length === 0)
      throw this.#fault(node, path, 'nobody could be this principal: give token_sha256 or certificate');
    const role = this.#text(...at('role'));
    if (!roles.includes(role as Role))
      throw this.#fault(this.#child(node, 'role'), `${path}.role`, `expected one of ${roles.join(', ')}`);
    const owners = this.#owners(...at('owners'));
    const notAfterMs = node.has('not_after') ? this.#instant(...at('not_after')) : Infinity;
    return { principal: principal({ name, role: role as Role, owners, notAfterMs }), digests, identities };
  }

  #digests(node: YAMLMap, field: string, path: string): string[] {
    const digests = this.#texts(node, field, path).map((text) => text.toLowerCase());
    for (const digest of digests) {
      if (!/^[0-9a-f]{64}$/.test(digest))
        throw this.#fault(
          this.#child(node, field),
          path,
          'expected the SHA-256 of a token, 64 digits in hexadecimal, as `wazir access token` prints it',
        );
      this.#once(node, field, path, digest, 'is listed twice');
    }
    if (digests.length > mostDigests)
      throw this.#fault(
        this.#child(node, field),
        path,
        `expected at most ${mostDigests}: an old one and its successor`,
      );
    return digests;
  }

  #identities(node: YAMLMap, field: string, path: string): string[] {
    return this.#texts(node, field, path).map((text) => {
      if (!isSpiffeId(text) && !isDnsName(text))
        throw this.#fault(
          this.#child(node, field),
          path,
          'expected a SPIFFE id, such as spiffe://example.org/trainer, or a DNS name without wildcards',
        );
      const identity = isSpiffeId(text) ? text : text.toLowerCase();
      this.#once(node, field, path, identity, 'is listed twice');
      return identity;
    });
  }

  #owners(node: YAMLMap, field: string, path: string): ReadonlySet<string> | 'all' {
    const owners = this.#texts(node, field, path);
    if (owners.length === 0)
      throw this.#fault(this.#child(node, field) ?? node, path, 'expected a list of owners, or "*" for all');
    if (owners.includes('*')) {
      if (owners.length > 1)
        throw this.#fault(this.#child(node, field), path, '"*" means all; list nothing beside it');
      return 'all';
    }
    for (const owner of owners) {
      const fault = idFault(owner);
      if (fault !== undefined) throw this.#fault(this.#child(node, field), path, `an owner's id ${fault}`);
    }
    return new Set(owners);
  }

  #instant(node: YAMLMap, field: string, path: string): number {
    const text = this.#text(node, field, path);
    const ms = instant.test(text) ? Date.parse(text) : NaN;
    if (Number.isNaN(ms))
      throw this.#fault(this.#child(node, field), path, 'expected a time, such as 2030-01-31T12:00:00Z');
    return ms;
  }

  /** A text, or a list of them; none where the field is missing. */
  #texts(node: YAMLMap, field: string, path: string): string[] {
    const child = this.#child(node, field);
    if (!isSeq(child)) return node.has(field) ? [this.#text(node, field, path)] : [];
    return child.items.map((item, i) => this.#scalar(item as Node, `${path}[${i}]`));
  }

  #text(node: YAMLMap, field: string, path: string): string {
    if (!node.has(field)) throw this.#fault(node, path, 'must be given');
    return this.#scalar(this.#child(node, field), path);
  }

  /** As it is written: what looks like a number in YAML is a text here. */
  #scalar(node: Node | undefined, path: string): string {
    const text = isScalar(node) ? (typeof node.value === 'string' ? node.value : (node.source ?? '')) : '';
    if (text === '') throw this.#fault(node, path, 'expected a text');
    return text;
  }

  #child(node: YAMLMap, field: string): Node | undefined {
    return node.get(field, true) ?? undefined;
  }

  #checkKeys(node: YAMLMap, path: string, known: readonly string[]): void {
    for (const { key } of node.items) {
      const name = isScalar(key) ? String(key.value) : '';
      if (!known.includes(name))
        throw this.#fault(key as Node, path, `has a field that is none of ${known.join(', ')}`);
    }
  }

  /** Notes a thing that may be there once in a file. */
  #once(node: YAMLMap, field: string, path: string, value: string, problem: string): void {
    const key = `${field} ${value}`;
    const line = this.#lineOf(this.#child(node, field));
    const before = this.#seen.get(key);
    if (before !== undefined)
      throw this.#fault(this.#child(node, field), path, `${problem}; it is on line ${before} too`);
    this.#seen.set(key, line);
  }

  #fault(node: Node | null | undefined, path: string, problem: string): AccessFileError {
    return new AccessFileError(
      `${this.path}:${this.#lineOf(node)}: ${path === '' ? 'the file' : path}: ${problem}`,
    );
  }

  #lineOf(node: Node | null | undefined): number {
    return node?.range ? this.#lines.linePos(node.range[0]).line : 1;
  }
}
