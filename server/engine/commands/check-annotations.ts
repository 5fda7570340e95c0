/** Checks of what clients hang on studies and trials: labels and metadata. */
import { invalid } from '../../domain/errors.js';
import type { Metadata } from '../../gen/wazir/v1/trial.js';

const maxLabels = 64;
const maxLabelBytes = 256;
const maxKeyBytes = 256;
const maxMetadataBytes = 1 << 20;

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

/** Throws INVALID_FIELD below `field`. */
export function checkMetadata(field: string, metadata: readonly Metadata[]): void {
  const seen = new Set<string>();
  metadata.forEach((entry, i) => {
    checkMetadataKey(`${field}[${i}]`, entry);
    const key = metadataKey(entry);
    if (seen.has(key)) throw invalid(`${field}[${i}].key`, 'is given twice in its namespace');
    seen.add(key);
  });
  checkMetadataSize(field, metadata);
}

export function checkMetadataKey(field: string, entry: Metadata): void {
  if (entry.key === '') throw invalid(`${field}.key`, 'must not be empty');
  if (Buffer.byteLength(entry.key) > maxKeyBytes || Buffer.byteLength(entry.namespace) > maxKeyBytes)
    throw invalid(`${field}.key`, `key and namespace must be at most ${maxKeyBytes} bytes each`);
}

/** All metadata of one record must stay small enough to be sent in one message. */
export function checkMetadataSize(field: string, metadata: readonly Metadata[]): void {
  let bytes = 0;
  for (const { namespace, key, value } of metadata) {
    bytes += Buffer.byteLength(namespace) + Buffer.byteLength(key);
    if (value) bytes += value.$case === 'text' ? Buffer.byteLength(value.value) : value.value.value.length;
  }
  if (bytes > maxMetadataBytes)
    throw invalid(field, `all metadata of one record must be at most ${maxMetadataBytes} bytes`);
}

/** Identity of a piece of metadata within a record. */
export function metadataKey({ namespace, key }: Metadata): string {
  return JSON.stringify([namespace, key]);
}
