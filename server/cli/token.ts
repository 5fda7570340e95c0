import { readFileSync, statSync } from 'node:fs';
import type { TokenSource } from '../config.js';
import { ExitCode } from './exit-code.js';
import { Failure } from './failure.js';

/** Gives the token to be sent with the next call. Throws a Failure where there is none to be had. */
export type Token = () => string;

/** A token, or what the file has at the moment of each call. */
export function tokenOf(source: TokenSource): Token {
  if ('file' in source) return fromFile(source.file);
  const token = checked(source.value, 'WAZIR_TOKEN');
  return () => token;
}

function fromFile(path: string): Token {
  let known: { readonly version: string; readonly token: string } | undefined;
  return () => {
    try {
      const { mtimeNs, size, ino } = statSync(path, { bigint: true });
      const version = `${mtimeNs} ${size} ${ino}`;
      if (known?.version !== version) known = { version, token: checked(readFileSync(path, 'utf8'), path) };
    } catch (error) {
      // Whoever replaces the file may not do so at once: until then the token before stands.
      if (known !== undefined) return known.token;
      if (error instanceof Failure) throw error;
      throw new Failure(ExitCode.file, `the token can not be read: ${(error as Error).message}`, {
        cause: error,
      });
    }
    return known.token;
  };
}

/** Never says what the token is: messages end in logs. */
function checked(text: string, place: string): string {
  const token = text.trim();
  if (!/^[\x21-\x7e]+$/.test(token))
    throw new Failure(ExitCode.usage, `${place}: expected one token, of printable ASCII without spaces`);
  return token;
}
