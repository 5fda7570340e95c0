/** Time, as the engine sees it. Tests pass one of their own (`test/engine/fake-clock.ts`). */
import type { Timestamp } from '../gen/google/protobuf/timestamp.js';
import type { Duration } from '../gen/google/protobuf/duration.js';

export interface Timer {
  cancel(): void;
}

export interface Clock {
  /** Milliseconds on a clock that never jumps: leases and waits count on it. */
  monotonic(): number;
  /** Milliseconds since 1970, for people and for what must outlive a process. */
  wall(): number;
  /** Calls back once, `ms` from now or a little later. Does not keep the process alive. */
  after(ms: number, callback: () => void): Timer;
}

// setTimeout fires at once beyond 2^31 − 1 ms; whoever waits longer looks again then.
const longestTimeout = 2 ** 31 - 1;

export const systemClock: Clock = {
  monotonic: () => performance.now(),
  wall: () => Date.now(),
  after(ms, callback) {
    const handle = setTimeout(callback, Math.min(Math.max(ms, 0), longestTimeout));
    handle.unref();
    return { cancel: () => clearTimeout(handle) };
  },
};

export function toTimestamp(ms: number): Timestamp {
  const seconds = Math.floor(ms / 1000);
  return { seconds, nanos: Math.round((ms - seconds * 1000) * 1e6) };
}

/** Milliseconds since 1970. */
export function fromTimestamp({ seconds, nanos }: Timestamp): number {
  return seconds * 1000 + nanos / 1e6;
}

export function toMilliseconds(duration: Duration): number {
  return duration.seconds * 1000 + duration.nanos / 1e6;
}

export function toDuration(ms: number): Duration {
  const seconds = Math.floor(ms / 1000);
  return { seconds, nanos: Math.round((ms - seconds * 1000) * 1e6) };
}
