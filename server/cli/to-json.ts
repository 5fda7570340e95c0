/**
 * Messages as JSON: protobuf's JSON mapping, with two differences that spare
 * scripts surprises. 64-bit integers are numbers, since none is beyond 2^53; and a
 * field that has no presence is always there, also where it is 0 or empty.
 */
import type protobuf from 'protobufjs';
import { fractionOf, durationToJson } from '../duration.js';
import type { Duration } from '../gen/google/protobuf/duration.js';
import type { Timestamp } from '../gen/google/protobuf/timestamp.js';
import { camelCase, enumName, oneofOf } from './contract.js';

export type Json = string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json };

/** What a oneof is in the generated messages. */
interface Chosen {
  readonly $case: string;
  readonly value: unknown;
}

/** A generated message as JSON. */
export function toJson(type: protobuf.Type, message: object): Json {
  const known = wellKnown[type.fullName];
  if (known !== undefined) return known(message);
  const fields = message as Readonly<Record<string, unknown>>;
  const json: Record<string, Json> = {};
  for (const field of type.fieldsArray) {
    const name = camelCase(field.name);
    const oneof = oneofOf(field);
    let value = fields[name];
    if (oneof !== undefined) {
      const chosen = fields[camelCase(oneof.name)] as Chosen | undefined;
      value = chosen?.$case === name ? chosen.value : undefined;
    }
    if (value === undefined) continue;
    json[name] = fieldToJson(field, value);
  }
  return json;
}

function fieldToJson(field: protobuf.Field, value: unknown): Json {
  if (field.map) {
    const entries = Object.entries(value as Record<string, unknown>);
    return Object.fromEntries(entries.map(([key, entry]) => [key, valueToJson(field, entry)]));
  }
  if (field.repeated) return (value as unknown[]).map((entry) => valueToJson(field, entry));
  return valueToJson(field, value);
}

function valueToJson(field: protobuf.Field, value: unknown): Json {
  if (typeof value === 'number') {
    const type = field.resolvedType;
    // A name from a later version of the contract is not known here: its number is.
    if (type !== null && 'values' in type) return enumName(type, value) ?? value;
    return numberToJson(value);
  }
  if (value instanceof Uint8Array) return Buffer.from(value).toString('base64');
  if (typeof value === 'object' && value !== null) return toJson(field.resolvedType as protobuf.Type, value);
  return value as string | boolean;
}

/** JSON has no NaN and no infinities: they are texts, as in protobuf's mapping. */
export function numberToJson(value: number): number | string {
  return Number.isFinite(value) ? value : String(value);
}

/** A time as ISO 8601 in UTC, with as many decimals as it has. */
export function timestampToJson({ seconds, nanos }: Timestamp): string {
  return new Date(seconds * 1_000).toISOString().replace('.000Z', `${fractionOf(nanos)}Z`);
}

const wellKnown: Readonly<Record<string, (message: object) => Json>> = {
  '.google.protobuf.Timestamp': (message) => timestampToJson(message as Timestamp),
  '.google.protobuf.Duration': (message) => durationToJson(message as Duration),
};
