import type { Duration } from './gen/google/protobuf/duration.js';

/** A protobuf duration of that many seconds, to the nanosecond. */
export function duration(seconds: number): Duration {
  const whole = Math.trunc(seconds);
  return { seconds: whole, nanos: Math.round((seconds - whole) * 1e9) };
}

/** The seconds of a protobuf duration; 0 where there is none. */
export function seconds(duration: Duration | undefined): number {
  return duration === undefined ? 0 : duration.seconds + duration.nanos / 1e9;
}
