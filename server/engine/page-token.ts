/**
 * Page tokens: where a list goes on. Each bears an HMAC over the list that it
 * belongs to and its cursor, so that a token of another list, filter, caller's
 * reach or server is refused, and so is one that nobody here made.
 */
import { createHmac, timingSafeEqual } from 'node:crypto';
import { invalid } from '../domain/errors.js';

/** What must be the same from page to page: method, names, filters. */
export type ListScope = readonly unknown[];

const macBytes = 16;

/** The tokens of callers of one reach. */
export class PageTokens {
  /**
   * @param key 32 bytes that only this database knows
   * @param reach whose studies the callers may know of, as one text
   */
  constructor(
    private readonly key: Uint8Array,
    private readonly reach: string,
  ) {}

  /** The token of the page that begins after a cursor. */
  after(scope: ListScope, cursor: string): string {
    return Buffer.concat([this.#mac(scope, cursor), Buffer.from(cursor)]).toString('base64url');
  }

  /** The cursor of a token; undefined for the first page. Throws INVALID_FIELD for what is no token of this list. */
  read(scope: ListScope, token: string): string | undefined {
    if (token === '') return undefined;
    const bytes = Buffer.from(token, 'base64url');
    const cursor = bytes.toString('utf8', macBytes);
    const isOurs =
      bytes.length >= macBytes &&
      timingSafeEqual(bytes.subarray(0, macBytes), this.#mac(scope, cursor)) &&
      // The decoder overlooks what is not in its alphabet, and spare bits.
      bytes.toString('base64url') === token;
    if (isOurs) return cursor;
    throw invalid('page_token', 'is not a token of this list; use next_page_token of its page before');
  }

  #mac(scope: ListScope, cursor: string): Buffer {
    const text = JSON.stringify([this.reach, scope, cursor]);
    return createHmac('sha256', this.key).update(text).digest().subarray(0, macBytes);
  }
}

/** The page size that counts: 0 means `otherwise`, more than `most` means `most`. */
export function pageSize(given: number, otherwise: number, most: number): number {
  if (given < 0) throw invalid('page_size', 'must not be negative');
  return Math.min(given || otherwise, most);
}
