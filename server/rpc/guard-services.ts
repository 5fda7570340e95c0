/** Puts the guard before services that are not written with `handler.ts`: health, reflection. */
import type {
  handleBidiStreamingCall,
  handleServerStreamingCall,
  handleUnaryCall,
  Server,
  ServiceDefinition,
  UntypedServiceImplementation,
} from '@grpc/grpc-js';
import { rules } from '../access/rules.js';
import type { Admission, Guard, GuardedCall } from './guard.js';
import { toServiceError } from './status.js';

/** Refuses a service with a method of which `access/rules.ts` says nothing: a bug, seen at the start. */
export function requireRules(service: ServiceDefinition): void {
  for (const { path } of Object.values(service))
    if (!rules.has(path)) throw new Error(`${path} has no rule in access/rules.ts`);
}

/** Where services are added that are to be guarded; what `addToServer` methods of libraries take. */
export function guarded(server: Server, guard: Guard): Pick<Server, 'addService'> {
  return {
    addService(service: ServiceDefinition, implementation: UntypedServiceImplementation) {
      requireRules(service);
      const entries = Object.entries(service).map(
        ([name, { originalName, requestStream, responseStream }]) => {
          const given = implementation[name] ?? implementation[originalName ?? ''];
          if (given === undefined) throw new Error(`${name} is not implemented`);
          const handler = given.bind(implementation);
          if (responseStream) return [name, guardedStream(guard, handler as Streaming)];
          if (!requestStream)
            return [name, guardedUnary(guard, handler as handleUnaryCall<unknown, unknown>)];
          throw new Error(`${name}: client streams can not be guarded`);
        },
      );
      server.addService(service, Object.fromEntries(entries) as UntypedServiceImplementation);
    },
  };
}

function guardedUnary(
  guard: Guard,
  handler: handleUnaryCall<unknown, unknown>,
): handleUnaryCall<unknown, unknown> {
  return (call, callback) => {
    try {
      admit(guard, call);
    } catch (error) {
      callback(toServiceError(error));
      return;
    }
    handler(call, callback);
  };
}

type StreamingCall =
  | Parameters<handleServerStreamingCall<unknown, unknown>>[0]
  | Parameters<handleBidiStreamingCall<unknown, unknown>>[0];
type Streaming = (call: StreamingCall) => void;

function guardedStream(guard: Guard, handler: Streaming): Streaming {
  return (call) => {
    try {
      const watchNoMore = admit(guard, call).onRevoked((why) => call.emit('error', toServiceError(why)));
      call.on('cancelled', watchNoMore);
      call.on('finish', watchNoMore);
    } catch (error) {
      call.emit('error', toServiceError(error));
      return;
    }
    handler(call);
  };
}

function admit(guard: Guard, call: GuardedCall): Admission {
  const admission = guard.admit(call);
  admission.authoriseRole();
  return admission;
}
