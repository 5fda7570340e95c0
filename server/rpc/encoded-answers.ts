/** Answers that the engine has encoded already, for its record of them, leave as these bytes. */
import type { ServiceDefinition, UntypedServiceImplementation } from '@grpc/grpc-js';
import { encodedOf } from '../engine/encode.js';

/** The same service, but for answers whose encoded form is at hand. */
export function sendingEncoded<T extends UntypedServiceImplementation>(
  service: ServiceDefinition<T>,
): ServiceDefinition<T> {
  const copy = { ...service } as Record<string, ServiceDefinition[string]>;
  for (const [name, method] of Object.entries<ServiceDefinition[string]>(service))
    copy[name] = {
      ...method,
      responseSerialize: (answer: object) => encodedOf(answer) ?? method.responseSerialize(answer),
    };
  return copy as ServiceDefinition<T>;
}
