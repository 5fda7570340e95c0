/**
 * What a client has sent and been told, in a file that only grows: one line as a
 * call is sent, one as it ends. It knows nothing of the server but its answers,
 * and is what the server is held to after it was killed.
 */
import { closeSync, fdatasyncSync, openSync, readSync, writeSync } from 'node:fs';
import {
  decodeResponse,
  encodeRequest,
  type Connection,
  type MethodName,
  type Outcome,
  type RequestOf,
  type ResponseOf,
} from './methods.js';
import type { Partially } from '../test-client.js';

/** A call, as read back from the file. */
export interface Entry {
  readonly number: number;
  readonly method: MethodName;
  readonly body: Buffer;
  /** Uid of the study that the client took its name for; empty where it knew none. */
  readonly uid: string;
  /** Whether it went over a stream. */
  readonly streamed: boolean;
  /** The line of the file on which it was sent: lines are in order of time. */
  readonly sentAt: number;
  /** The line with its first OK. */
  answeredAt: number;
  /** The last known; open while there is none. */
  outcome: Outcome;
  /** Whether it was sent and its outcome not told, whatever later attempts were told. */
  isOpen: boolean;
  /** How often it was answered with OK. */
  acknowledged: number;
}

interface Line {
  readonly n: number;
  readonly m?: MethodName;
  readonly u?: string;
  readonly s?: boolean;
  readonly b?: string;
  readonly k?: Outcome['kind'];
  readonly c?: string;
  readonly r?: string;
}

export interface Sending {
  /** Uid of the study that is meant. */
  readonly uid?: string | undefined;
  readonly deadlineMs?: number;
}

/** What a call came to, decoded. */
export type Answer<M extends MethodName> =
  { readonly ok: ResponseOf<M> } | { readonly ok: undefined; readonly outcome: Outcome };

/** Refusals that tell of the attempt alone, not of an earlier one under the same request id. */
const saysNothing = new Set(['STORE_UNAVAILABLE', 'LIMIT_EXCEEDED', 'DRAINING']);

export class Ledger {
  readonly #file: number;
  #last = 0;
  /** Calls answered with OK. */
  acknowledged = 0;

  constructor(readonly path: string) {
    this.#file = openSync(path, 'a');
  }

  /** Enters a call that is about to be sent; returns its number. */
  sent(method: MethodName, body: Buffer, uid = '', streamed = false): number {
    const n = ++this.#last;
    this.#write({ n, m: method, u: uid, ...(streamed ? { s: true } : {}), b: body.toString('base64') });
    return n;
  }

  /** Enters how a call has ended. */
  ended(n: number, outcome: Outcome): void {
    if (outcome.kind === 'ok') {
      this.acknowledged++;
      this.#write({ n, k: 'ok', b: outcome.body.toString('base64') });
    } else if (outcome.kind === 'open') this.#write({ n, k: 'open', c: outcome.code });
    else this.#write({ n, k: 'refused', c: outcome.code, r: outcome.reason });
  }

  /** Makes a call and enters both. */
  async call<M extends MethodName>(
    connection: Connection,
    method: M,
    request: Partially<RequestOf<M>>,
    { uid, deadlineMs }: Sending = {},
  ): Promise<Answer<M>> {
    const body = encodeRequest(method, request);
    const n = this.sent(method, body, uid);
    const outcome = await connection.call(method, body, deadlineMs);
    this.ended(n, outcome);
    return outcome.kind === 'ok' ? { ok: decodeResponse(method, outcome.body) } : { ok: undefined, outcome };
  }

  close(): void {
    fdatasyncSync(this.#file);
    closeSync(this.#file);
  }

  #write(line: Line): void {
    writeSync(this.#file, `${JSON.stringify(line)}\n`);
  }
}

/** Reads a ledger's file, further at each call. */
export class LedgerReader {
  readonly entries = new Map<number, Entry>();
  readonly #file: number;
  #offset = 0;
  #lines = 0;
  #rest = '';

  constructor(path: string) {
    this.#file = openSync(path, 'r');
  }

  /** Takes in what was written since; returns the calls that were sent or ended meanwhile. */
  read(): Entry[] {
    const touched = new Set<Entry>();
    const chunk = Buffer.alloc(2 ** 20);
    for (;;) {
      const size = readSync(this.#file, chunk, 0, chunk.length, this.#offset);
      if (size === 0) break;
      this.#offset += size;
      const lines = (this.#rest + chunk.toString('latin1', 0, size)).split('\n');
      this.#rest = lines.pop()!;
      for (const line of lines) touched.add(this.#take(JSON.parse(line) as Line));
    }
    return [...touched];
  }

  #take({ n, m, u, s, b, k, c, r }: Line): Entry {
    this.#lines++;
    if (m !== undefined) {
      const entry: Entry = {
        number: n,
        method: m,
        body: Buffer.from(b!, 'base64'),
        uid: u ?? '',
        streamed: s ?? false,
        sentAt: this.#lines,
        answeredAt: Infinity,
        outcome: { kind: 'open', code: 'not answered' },
        acknowledged: 0,
        isOpen: false,
      };
      this.entries.set(n, entry);
      return entry;
    }
    const entry = this.entries.get(n)!;
    if (k === 'ok') {
      // The first answer is the one that others are compared with.
      if (entry.outcome.kind !== 'ok') {
        entry.outcome = { kind: 'ok', body: Buffer.from(b!, 'base64') };
        entry.answeredAt = this.#lines;
      }
      entry.acknowledged++;
    } else if (entry.outcome.kind !== 'ok' && !(entry.isOpen && r !== undefined && saysNothing.has(r))) {
      entry.isOpen ||= k === 'open';
      entry.outcome = k === 'open' ? { kind: 'open', code: c! } : { kind: 'refused', code: c!, reason: r! };
    }
    return entry;
  }

  close(): void {
    closeSync(this.#file);
  }
}
