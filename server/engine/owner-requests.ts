/**
 * Answers by request id to what makes and deletes studies: these outlive the
 * study, so they lie with the owner. Read from disk on each call: such calls are
 * rare. Kept for at least 24 hours of `SteadyTime`, forgotten when later ones are
 * recorded.
 */
import { encode } from '../codec/encode.js';
import { RequestRecord } from '../gen/wazir/internal/v1/records.js';
import { keys } from '../store/keys.js';
import type { Op, Store } from '../store/store.js';
import { fromTimestamp, toTimestamp } from './clock.js';
import { encodedAnswer, hashBytes, hashRequest, keptUntil, reusedId, type Method } from './request-log.js';
import type { SteadyTime } from './steady-time.js';

// Two old ones for each new: they get fewer, and no batch grows.
const lookedAtOnce = 2;

export class OwnerRequests {
  readonly #underWay = new Map<string, Promise<unknown>>();
  /** By owner, the key after which to look for old ones next: else young ones at the front would hide all others. */
  readonly #lookedUpTo = new Map<string, string>();

  constructor(
    private readonly store: Store,
    private readonly time: SteadyTime,
  ) {}

  /**
   * Runs a call once per owner and request id.
   * @param run makes the call; it commits what `record` gives with its effect
   */
  async once<Request extends { requestId: string }, Response extends object>(
    owner: string,
    method: Method<Request, Response>,
    request: Request,
    run: (record: (response: Response) => Op[]) => Promise<Response>,
  ): Promise<Response> {
    const id = request.requestId;
    if (id === '') return run(() => []);
    const key = keys.ownerRequest(owner, id);
    while (this.#underWay.has(key)) await this.#underWay.get(key)!.catch(() => undefined);
    const answer = this.#answer(owner, key, method, request, run);
    this.#underWay.set(key, answer);
    try {
      return await answer;
    } finally {
      this.#underWay.delete(key);
    }
  }

  async #answer<Request extends { requestId: string }, Response extends object>(
    owner: string,
    key: string,
    method: Method<Request, Response>,
    request: Request,
    run: (record: (response: Response) => Op[]) => Promise<Response>,
  ): Promise<Response> {
    const hashed = hashRequest(method as Method<Request, never>, request);
    const known = await this.store.get(key);
    if (known) {
      const { requestHash, response } = RequestRecord.decode(known);
      if (hashBytes.read(requestHash) !== hashed) throw reusedId();
      return method.response.decode(response);
    }
    const forgotten = await this.#lookForOld(owner);
    return run((response) => [
      ...forgotten,
      {
        type: 'put',
        key,
        value: encode(RequestRecord, {
          method: method.name,
          requestHash: hashBytes.of(hashed),
          response: encodedAnswer(method, response),
          time: toTimestamp(this.time.now()),
        }),
      },
    ]);
  }

  /** Looks at the next few records of an owner, in turn; those that are old enough to be forgotten. */
  async #lookForOld(owner: string): Promise<Op[]> {
    const old: Op[] = [];
    const all = keys.ownerRequestsOf(owner);
    const from = this.#lookedUpTo.get(owner);
    let last: string | undefined;
    let seen = 0;
    const range = { ...all, ...(from === undefined ? {} : { gt: from }), limit: lookedAtOnce };
    for await (const [key, value] of this.store.iterate(range)) {
      const record = RequestRecord.decode(value);
      if (this.time.now() >= keptUntil(fromTimestamp(record.time!), this.time))
        old.push({ type: 'del', key });
      last = key;
      seen++;
    }
    if (seen === lookedAtOnce) this.#lookedUpTo.set(owner, last!);
    else this.#lookedUpTo.delete(owner);
    return old;
  }
}
