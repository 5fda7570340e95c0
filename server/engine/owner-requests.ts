/**
 * Answers by request id to what makes and deletes studies: these outlive the
 * study, so they lie with the owner. Read from disk on each call: such calls are
 * rare. Kept for at least 24 hours, forgotten when a later one is recorded.
 */
import { RequestRecord } from '../gen/wazir/internal/v1/records.js';
import { keys } from '../store/keys.js';
import type { Op, Store } from '../store/store.js';
import { toTimestamp, type Clock } from './clock.js';
import { hashRequest, reusedId, type Method } from './request-log.js';

const keepMs = 24 * 60 * 60 * 1000;
const forgetAtOnce = 2;

export class OwnerRequests {
  readonly #underWay = new Map<string, Promise<unknown>>();

  constructor(
    private readonly store: Store,
    private readonly clock: Clock,
  ) {}

  /**
   * Runs a call once per owner and request id.
   * @param run makes the call; it commits what `record` gives with its effect
   */
  async once<Request extends { requestId: string }, Response>(
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

  async #answer<Request extends { requestId: string }, Response>(
    owner: string,
    key: string,
    method: Method<Request, Response>,
    request: Request,
    run: (record: (response: Response) => Op[]) => Promise<Response>,
  ): Promise<Response> {
    const hash = hashRequest(method as Method<Request, never>, request);
    const known = await this.store.get(key);
    if (known) {
      const { requestHash, response } = RequestRecord.decode(known);
      if (!Buffer.from(requestHash).equals(hash)) throw reusedId();
      return method.response.decode(response);
    }
    const forgotten = await this.#old(owner);
    return run((response) => [
      ...forgotten,
      {
        type: 'put',
        key,
        value: RequestRecord.encode(
          RequestRecord.fromPartial({
            method: method.name,
            requestHash: Buffer.from(hash),
            response: Buffer.from(method.response.encode(response).finish()),
            time: toTimestamp(this.clock.wall()),
          }),
        ).finish(),
      },
    ]);
  }

  /** Some records of an owner that are old enough to be forgotten, if the first few are. */
  async #old(owner: string): Promise<Op[]> {
    const old: Op[] = [];
    const now = this.clock.wall();
    const range = { ...keys.ownerRequestsOf(owner), limit: forgetAtOnce };
    for await (const [key, value] of this.store.iterate(range)) {
      const { time } = RequestRecord.decode(value);
      if (now - time!.seconds * 1000 > keepMs) old.push({ type: 'del', key });
    }
    return old;
  }
}
