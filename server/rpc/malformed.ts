/**
 * Requests that do not decode. grpc-js would answer INTERNAL; this keeps the bytes
 * instead, so that the handler can answer INVALID_ARGUMENT and name the field.
 */
import type { UntypedServiceImplementation, ServiceDefinition } from '@grpc/grpc-js';
import type { MethodDefinition, PackageDefinition } from '@grpc/proto-loader';
import { invalid, type WazirError } from '../domain/errors.js';

/** Bytes that are not a message of the method. */
export class Malformed {
  constructor(readonly bytes: Buffer) {}
}

/** The same service, but for requests that do not decode: these come as `Malformed`. */
export function tolerant<T extends UntypedServiceImplementation>(
  service: ServiceDefinition<T>,
): ServiceDefinition<T> {
  const copy = { ...service } as Record<string, ServiceDefinition[string]>;
  for (const [name, method] of Object.entries<ServiceDefinition[string]>(service))
    copy[name] = {
      ...method,
      requestDeserialize(bytes: Buffer): unknown {
        try {
          return method.requestDeserialize(bytes);
        } catch {
          return new Malformed(bytes);
        }
      },
    };
  return copy as ServiceDefinition<T>;
}

interface LongLike {
  readonly low: number;
  readonly high: number;
  readonly unsigned: boolean;
  toString(): string;
}

function isLong(value: unknown): value is LongLike {
  return (
    typeof value === 'object' && value !== null && 'low' in value && 'high' in value && 'unsigned' in value
  );
}

/** Path of the first 64-bit integer that a double can not hold. */
function findUnsafe(value: unknown, path: string): string | undefined {
  if (isLong(value)) return Number.isSafeInteger(Number(value.toString())) ? undefined : path;
  if (Array.isArray(value)) return first(value.entries(), (i) => `${path}[${i}]`);
  if (typeof value === 'object' && value !== null && !Buffer.isBuffer(value))
    return first(Object.entries(value), (key) => (path === '' ? String(key) : `${path}.${key}`));
  return undefined;
}

function first(
  entries: Iterable<[string | number, unknown]>,
  name: (key: string | number) => string,
): string | undefined {
  for (const [key, value] of entries) {
    const found = findUnsafe(value, name(key));
    if (found !== undefined) return found;
  }
  return undefined;
}

/** A request that did not decode as the general decoder reads it, with names as in the contract; undefined where not even that does. */
function decodeAnyway(
  descriptors: PackageDefinition,
  path: string,
  { bytes }: Malformed,
): Record<string, unknown> | undefined {
  const [, service, name] = path.split('/');
  const methods = descriptors[service!] as Record<string, MethodDefinition<object, object>> | undefined;
  try {
    return methods?.[name!]?.requestDeserialize(bytes) as Record<string, unknown> | undefined;
  } catch {
    return undefined;
  }
}

/** What is wrong with a request that did not decode. */
export function explain(descriptors: PackageDefinition, path: string, malformed: Malformed): WazirError {
  const field = findUnsafe(decodeAnyway(descriptors, path, malformed), '');
  return field === undefined
    ? invalid('request', 'is not a well-formed message of this method')
    : invalid(field, 'must be within ±(2^53 − 1)');
}

/** `message_id` of a request that did not decode, so that its sender can tell which one it was; 0 where it can not be read. */
export function messageIdOf(descriptors: PackageDefinition, path: string, malformed: Malformed): number {
  const id = decodeAnyway(descriptors, path, malformed)?.['message_id'];
  const number = isLong(id) ? Number(id.toString()) : 0;
  return Number.isSafeInteger(number) ? number : 0;
}
