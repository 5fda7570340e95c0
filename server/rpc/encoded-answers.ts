/**
 * Answers of the hot methods leave without the generated service's own encoding: as the
 * engine has encoded them already, for its record of them, or as `encode` makes them
 * (0.5 µs for a directive, 2 by the generated code).
 */
import type { ServiceDefinition, UntypedServiceImplementation } from '@grpc/grpc-js';
import { encode, type Encoding } from '../codec/encode.js';
import { encodedOf } from '../codec/encoded-form.js';

/** The same service. `types` are those of the answers, by method; others are encoded as before. */
export function sendingEncoded<T extends UntypedServiceImplementation>(
  service: ServiceDefinition<T>,
  types: { readonly [Name in keyof T]?: Encoding<never> },
): ServiceDefinition<T> {
  const copy = { ...service } as Record<string, ServiceDefinition[string]>;
  for (const [name, type] of Object.entries<Encoding<never> | undefined>(types))
    copy[name] = {
      ...copy[name]!,
      responseSerialize: (answer: object) => encodedOf(answer) ?? encode(type!, answer as never),
    };
  return copy as ServiceDefinition<T>;
}
