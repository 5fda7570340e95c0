import { sleep, type Clock } from './clock.js';
import { WazirError } from './error.js';

const FIRST_WAIT_MS = 100;
const LONGEST_WAIT_MS = 5_000;

/** Waits between tries, doubling from 100 ms to 5 s, each shortened at random by up to a half. */
export class Backoff {
  #tries = 0;

  /** Milliseconds to wait before the next try. */
  next(error: WazirError): number {
    const wait = Math.min(FIRST_WAIT_MS * 2 ** this.#tries++, LONGEST_WAIT_MS);
    // Workers that lost the same server at the same moment should not all come back at once.
    return Math.max(wait * (1 - Math.random() / 2), (error.retryAfterSeconds ?? 0) * 1_000);
  }

  reset(): void {
    this.#tries = 0;
  }
}

export interface RetryOptions {
  readonly clock: Clock;
  /** How long to go on trying since the first failure, in milliseconds. */
  readonly retryForMs: number;
  /** Ends waiting and trying when one of them aborts. */
  readonly signals: readonly (AbortSignal | undefined)[];
  /** Told of each failure that is followed by another try. */
  readonly onRetry: ((error: WazirError, waitMs: number) => void) | undefined;
}

/** Tries until success, an error that is not transient, or the end of the time allowed; throws the last error. */
export async function retrying<T>(attempt: () => Promise<T>, options: RetryOptions): Promise<T> {
  const { clock, retryForMs, signals, onRetry } = options;
  const backoff = new Backoff();
  let failingSince: number | undefined;
  for (;;) {
    try {
      return await attempt();
    } catch (thrown) {
      const error = WazirError.from(thrown);
      failingSince ??= clock.now();
      const wait = backoff.next(error);
      const tooLate = clock.now() + wait - failingSince > retryForMs;
      if (!error.transient || tooLate || signals.some((signal) => signal?.aborted)) throw error;
      onRetry?.(error, wait);
      await sleep(clock, wait, signals);
      if (signals.some((signal) => signal?.aborted)) throw error;
    }
  }
}
