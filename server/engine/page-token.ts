/** Page tokens: where a list goes on, bound to the list that they belong to. */
import { createHash } from 'node:crypto';
import { invalid } from '../domain/errors.js';

/** What must be the same from page to page: method, names, filters. */
export type ListScope = readonly unknown[];

function digest(scope: ListScope): string {
  return createHash('sha256').update(JSON.stringify(scope)).digest('base64url').slice(0, 16);
}

export function pageToken(scope: ListScope, cursor: string): string {
  return Buffer.from(JSON.stringify([digest(scope), cursor])).toString('base64url');
}

/** The cursor of a token; undefined for the first page. Throws INVALID_FIELD for what is no token of this list. */
export function readPageToken(scope: ListScope, token: string): string | undefined {
  if (token === '') return undefined;
  try {
    const parts: unknown = JSON.parse(Buffer.from(token, 'base64url').toString());
    if (Array.isArray(parts) && parts[0] === digest(scope) && typeof parts[1] === 'string') return parts[1];
  } catch {
    // Falls through: garbage is refused like a token of another list.
  }
  throw invalid('page_token', 'is not a token of this list; use next_page_token of its page before');
}

/** The page size that counts: 0 means `otherwise`, more than `most` means `most`. */
export function pageSize(given: number, otherwise: number, most: number): number {
  if (given < 0) throw invalid('page_size', 'must not be negative');
  return Math.min(given || otherwise, most);
}
