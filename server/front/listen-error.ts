/** What a system error means to whoever chose the address. */
const meanings: Readonly<Record<string, string>> = {
  EADDRINUSE: 'the address is in use',
  EADDRNOTAVAIL: 'this machine does not have the address',
  // Of unix sockets, Node says it where the directory is not there, too.
  EACCES: 'not permitted, or its directory does not exist',
  ENOTFOUND: 'the name of the host is unknown',
  EAI_AGAIN: 'the name of the host can not be looked up now',
};

function meaningOf(cause: unknown): string {
  if (!(cause instanceof Error)) return String(cause);
  const { code } = cause as NodeJS.ErrnoException;
  return (code === undefined ? undefined : meanings[code]) ?? cause.message;
}

/** An address that can not be listened on; the message names it, in one line. */
export class ListenError extends Error {
  constructor(address: string, cause: unknown) {
    super(`can not listen on ${address}: ${meaningOf(cause)}`, { cause });
    this.name = 'ListenError';
  }
}
