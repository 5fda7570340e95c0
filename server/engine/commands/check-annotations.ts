/** Checks of what clients hang on studies and trials: labels and metadata. */
import { invalid } from '../../domain/errors.js';
import { limitExceeded, type Limits } from '../../domain/limits.js';
import type { Metadata } from '../../gen/wazir/v1/trial.js';

const maxLabels = 64;
const maxLabelBytes = 256;
const maxKeyBytes = 256;

const maxReasonBytes = 4096;

/** Whose annotations are checked. */
export interface Annotated {
  readonly limits: Limits;
  /** Its resource name, or that of what it is made in. */
  readonly subject: string;
}

/** Throws INVALID_FIELD below `field`. */
export function checkLabels(field: string, labels: Readonly<Record<string, string>>): void {
  const entries = Object.entries(labels);
  if (entries.length > maxLabels) throw invalid(field, `must hold at most ${maxLabels} labels`);
  for (const [key, value] of entries) {
    if (key === '') throw invalid(field, 'must not have an empty key');
    if (Buffer.byteLength(key) > maxLabelBytes || Buffer.byteLength(value) > maxLabelBytes)
      throw invalid(
        `${field}[${JSON.stringify(key)}]`,
        `key and value must be at most ${maxLabelBytes} bytes`,
      );
  }
}

/** Throws INVALID_FIELD below `field`, or LIMIT_EXCEEDED. */
export function checkMetadata(field: string, metadata: readonly Metadata[], of: Annotated): void {
  const seen = new Set<string>();
  metadata.forEach((entry, i) => {
    checkMetadataKey(`${field}[${i}]`, entry);
    const key = metadataKey(entry);
    if (seen.has(key)) throw invalid(`${field}[${i}].key`, 'is given twice in its namespace');
    seen.add(key);
  });
  checkMetadataSize(field, metadata, of);
}

export function checkMetadataKey(field: string, entry: Metadata): void {
  if (entry.key === '') throw invalid(`${field}.key`, 'must not be empty');
  if (Buffer.byteLength(entry.key) > maxKeyBytes || Buffer.byteLength(entry.namespace) > maxKeyBytes)
    throw invalid(`${field}.key`, `key and namespace must be at most ${maxKeyBytes} bytes each`);
}

/** Throws LIMIT_EXCEEDED. */
export function checkMetadataSize(
  field: string,
  metadata: readonly Metadata[],
  { limits, subject }: Annotated,
): void {
  if (metadataBytes(metadata) > limits.maxMetadataBytes)
    throw limitExceeded('maxMetadataBytes', limits, subject, { field });
}

/**
 * Throws LIMIT_EXCEEDED where a record would not fit into one message, with some
 * room for what is still to be added to it.
 */
export function checkRecordSize(field: string, bytes: number, { limits, subject }: Annotated): void {
  if (bytes > limits.maxMessageBytes * (15 / 16))
    throw limitExceeded('maxMessageBytes', limits, subject, { field });
}

/** What counts to the limit: namespaces, keys and values. */
export function metadataBytes(metadata: readonly Metadata[]): number {
  let bytes = 0;
  for (const { namespace, key, value } of metadata) {
    bytes += Buffer.byteLength(namespace) + Buffer.byteLength(key);
    if (value) bytes += value.$case === 'text' ? Buffer.byteLength(value.value) : value.value.value.length;
  }
  return bytes;
}

/** Throws INVALID_FIELD where a worker says too much of why a trial ended. */
export function checkReason(field: string, reason: string): void {
  if (Buffer.byteLength(reason) > maxReasonBytes)
    throw invalid(field, `must be at most ${maxReasonBytes} bytes`);
}

/** Identity of a piece of metadata within a record. */
export function metadataKey({ namespace, key }: Metadata): string {
  return JSON.stringify([namespace, key]);
}
