import { BinaryReader } from '@bufbuild/protobuf/wire';
import type { Any } from './gen/google/protobuf/any.js';
import { Duration } from './gen/google/protobuf/duration.js';
import { seconds } from './duration.js';

/** One field of a request that was refused. */
export interface Violation {
  /** Path of the field in the request, in the names of the contract. */
  readonly field: string;
  /** What is wrong with it. */
  readonly description: string;
}

/** What an error carries beside its code and its message. */
export interface ErrorDetails {
  readonly reason: string;
  readonly metadata: Readonly<Record<string, string>>;
  readonly violations: readonly Violation[];
  /** Seconds after which the server thinks a retry worth while. */
  readonly retryAfterSeconds: number | undefined;
}

/**
 * Reads what Wazir uses of `google/rpc/error_details.proto`: ErrorInfo,
 * BadRequest and RetryInfo. A detail that can not be read is passed over: the
 * error itself matters more.
 */
export function readErrorDetails(details: readonly Any[]): ErrorDetails {
  let reason = '';
  let metadata: Record<string, string> = {};
  let violations: Violation[] = [];
  let retryAfterSeconds: number | undefined;
  for (const { typeUrl, value } of details) {
    try {
      const fields = readFields(value);
      switch (typeUrl.slice(typeUrl.lastIndexOf('/') + 1)) {
        case 'google.rpc.ErrorInfo':
          reason = text(fields, 1);
          metadata = Object.fromEntries(messages(fields, 3).map((entry) => [text(entry, 1), text(entry, 2)]));
          break;
        case 'google.rpc.BadRequest':
          violations = messages(fields, 1).map((v) => ({ field: text(v, 1), description: text(v, 2) }));
          break;
        case 'google.rpc.RetryInfo':
          retryAfterSeconds = seconds(Duration.decode(fields.get(1)?.[0] ?? new Uint8Array()));
          break;
      }
    } catch {
      continue;
    }
  }
  return { reason, metadata, violations, retryAfterSeconds };
}

/** The length-delimited fields of a message by number; these three have no others. */
type Fields = ReadonlyMap<number, readonly Uint8Array[]>;

const LENGTH_DELIMITED = 2;

function readFields(bytes: Uint8Array): Fields {
  const fields = new Map<number, Uint8Array[]>();
  const reader = new BinaryReader(bytes);
  while (reader.pos < reader.len) {
    const [number, wireType] = reader.tag();
    if ((wireType as number) === LENGTH_DELIMITED) {
      fields.set(number, [...(fields.get(number) ?? []), reader.bytes()]);
    } else {
      reader.skip(wireType);
    }
  }
  return fields;
}

function text(fields: Fields, number: number): string {
  return new TextDecoder().decode(fields.get(number)?.at(-1));
}

function messages(fields: Fields, number: number): Fields[] {
  return (fields.get(number) ?? []).map(readFields);
}
