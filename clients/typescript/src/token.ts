import { readFileSync, statSync } from 'node:fs';

/** What says who is calling. */
export interface Token {
  /** The token to send now; with `afresh` read again even where nothing tells of a change. */
  current(afresh?: boolean): string;
}

/** A token that never changes. */
export function fixedToken(text: string, place: string): Token {
  const token = checked(text, place);
  return { current: () => token };
}

/** What a file has, read again when it changes. Throws where there is no token in it. */
export function fileToken(path: string): Token {
  let known = read(path);
  return {
    current(afresh = false) {
      try {
        if (afresh || versionOf(path) !== known.version) known = read(path);
      } catch {
        // Whoever replaces the file may not do so at once: until then the token before stands.
      }
      return known.token;
    },
  };
}

function read(path: string): { readonly version: string; readonly token: string } {
  // The version first: what is written between the two is then read with the next call.
  const version = versionOf(path);
  return { version, token: checked(readFileSync(path, 'utf8'), path) };
}

function versionOf(path: string): string {
  const { mtimeNs, size, ino } = statSync(path, { bigint: true });
  return `${mtimeNs} ${size} ${ino}`;
}

/** Never says what the token is: messages end in logs. */
function checked(text: string, place: string): string {
  const token = text.trim();
  if (!/^[\x21-\x7e]+$/.test(token)) {
    throw new Error(`${place}: expected one token, of printable ASCII without spaces`);
  }
  return token;
}
