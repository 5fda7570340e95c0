/** What the parts of a soak share: the server's address, chance, counts, and the word to end. */
import { status, type ServiceError } from '@grpc/grpc-js';
import { TestClient } from '../test-client.js';

/** Codes that the contract has for what a soak does: anything else is a fault of the server. */
const expectedCodes: ReadonlySet<status> = new Set([
  status.CANCELLED,
  status.INVALID_ARGUMENT,
  status.DEADLINE_EXCEEDED,
  status.NOT_FOUND,
  status.ALREADY_EXISTS,
  status.FAILED_PRECONDITION,
  status.ABORTED,
  status.UNAVAILABLE,
]);

export class SoakWorld {
  calls = 0;
  readonly counts = new Map<string, number>();
  readonly faults: string[] = [];
  ending = false;
  #state: number;

  constructor(
    readonly address: string,
    seed: number,
  ) {
    this.#state = seed >>> 0;
  }

  /** A whole number from 0, below a bound. */
  below(bound: number): number {
    // xorshift32: what it decides is only who does what when.
    this.#state ^= this.#state << 13;
    this.#state ^= this.#state >>> 17;
    this.#state ^= this.#state << 5;
    return (this.#state >>> 0) % bound;
  }

  count(what: string): void {
    this.counts.set(what, (this.counts.get(what) ?? 0) + 1);
  }

  connect(): TestClient {
    this.count('connections');
    return new TestClient(this.address);
  }

  /** The answer, or undefined where the call was refused as may happen. */
  async try<T>(call: Promise<T>): Promise<T | undefined> {
    try {
      return await call;
    } catch (error) {
      const { code, message } = error as ServiceError;
      this.count(`refused: ${status[code] ?? String(code)}`);
      if (!expectedCodes.has(code)) this.faults.push(message);
      return undefined;
    } finally {
      this.calls++;
    }
  }
}
