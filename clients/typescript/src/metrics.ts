import type { Duration } from './gen/google/protobuf/duration.js';
import type { Measurement } from './gen/wazir/v1/measurement.js';

/** Values of metrics by name, each in its own unit and direction. NaN and infinities are allowed. */
export type Metrics = Readonly<Record<string, number>>;

export function writeMeasurement(step: number, metrics: Metrics, elapsed?: Duration): Measurement {
  const values = Object.entries(metrics).map(([name, value]) => ({ name, value }));
  return { step, elapsed, metrics: values, attempt: 0, reportTime: undefined, superseded: false };
}

/** The values of a measurement by name. */
export function readMetrics(measurement: Measurement | undefined): Metrics {
  return Object.fromEntries((measurement?.metrics ?? []).map(({ name, value }) => [name, value]));
}
