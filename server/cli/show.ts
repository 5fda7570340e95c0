/** How values of the contract are shown to people. Texts of users come out escaped. */
import { formatDuration } from '../duration.js';
import type { Duration } from '../gen/google/protobuf/duration.js';
import type { Timestamp } from '../gen/google/protobuf/timestamp.js';
import type { Measurement } from '../gen/wazir/v1/measurement.js';
import type { Parameter, ParameterValue } from '../gen/wazir/v1/trial.js';
import { safeText } from './safe-text.js';
import { timestampToJson } from './to-json.js';

/** A number in at most six significant digits; whole numbers in full. */
export function showNumber(value: number): string {
  return Number.isInteger(value) || !Number.isFinite(value)
    ? String(value)
    : String(Number(value.toPrecision(6)));
}

export function showParameterValue(value: ParameterValue | undefined): string {
  const kind = value?.kind;
  if (kind === undefined) return '';
  return kind.$case === 'stringValue' ? safeText(kind.value) : showNumber(kind.value);
}

/** `lr=0.01 optimizer=adam`. */
export function showParameters(parameters: readonly Parameter[]): string {
  return parameters.map(({ name, value }) => `${safeText(name)}=${showParameterValue(value)}`).join(' ');
}

/** `accuracy=0.97 loss=0.1`. */
export function showMetrics(measurement: Measurement | undefined): string {
  return (measurement?.metrics ?? [])
    .map(({ name, value }) => `${safeText(name)}=${showNumber(value)}`)
    .join(' ');
}

/** To the second, UTC. */
export function showTime(time: Timestamp | undefined): string | undefined {
  return time === undefined ? undefined : timestampToJson({ seconds: time.seconds, nanos: 0 });
}

export function showDuration(duration: Duration | undefined): string | undefined {
  return duration === undefined ? undefined : formatDuration(duration);
}

/** `team=vision stage=test`. */
export function showLabels(labels: Readonly<Record<string, string>>): string {
  const entries = Object.entries(labels);
  return entries.map(([key, value]) => `${safeText(key)}=${safeText(value)}`).join(' ');
}
