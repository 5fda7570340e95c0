/** gRPC's side of the prototypes: the server's own front, and methods that hand on the bytes of a request. */
import type { handleUnaryCall, MethodDefinition, UntypedServiceImplementation } from '@grpc/grpc-js';
import { limitsFrom } from '../../../server/domain/limits.js';
import { endpointOf } from '../../../server/front/endpoint.js';
import { GrpcFront } from '../../../server/front/grpc-front.js';
import type { Logger } from '../../../server/logger.js';
import type { Reply } from './engine-part.js';
import { methodPaths, services } from './methods.js';

/** @returns its port */
export async function listen(
  logger: Logger,
  pass: (method: number, request: Buffer, reply: Reply) => void,
): Promise<number> {
  const front = new GrpcFront({ limits: limitsFrom(), handshakeTimeoutMs: 5000, logger });
  for (const service of services) {
    const handlers: UntypedServiceImplementation = {};
    const definitions: Record<string, MethodDefinition<Buffer, Buffer>> = {};
    for (const [name, method] of Object.entries(service)) {
      const number = methodPaths.indexOf(method.path);
      const handle: handleUnaryCall<Buffer, Buffer> = (call, callback) =>
        pass(number, call.request, (error, bytes) => callback(error, bytes as Buffer));
      handlers[name] = handle as never;
      definitions[name] = {
        ...method,
        requestDeserialize: (bytes) => bytes,
        responseSerialize: (bytes: Buffer) => bytes,
      };
    }
    front.server.addService(definitions, handlers);
  }
  const address = await front.listen(await endpointOf('127.0.0.1:0'));
  return Number(address.split(':').at(-1));
}
