/** What is wrong with a `google.protobuf.Duration` that is not to be negative. */
import type { Duration } from '../gen/google/protobuf/duration.js';

/** About 10,000 years: more is no valid duration, and other languages fail to read it. */
const mostSeconds = 315_576_000_000;

export function durationFault({ seconds, nanos }: Duration): string | undefined {
  if (seconds < 0 || nanos < 0) return 'must not be negative';
  if (seconds > mostSeconds || nanos > 999_999_999)
    return `must be at most ${mostSeconds} seconds and 999999999 nanos`;
  return undefined;
}
