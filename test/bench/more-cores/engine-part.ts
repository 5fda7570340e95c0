/**
 * The engine and its database without a front: takes requests as bytes and answers
 * with bytes, through the server's own handlers.
 */
import type { MethodDefinition, ServiceError, UntypedServiceImplementation } from '@grpc/grpc-js';
import { limitsFrom } from '../../../server/domain/limits.js';
import { systemClock } from '../../../server/engine/clock.js';
import { Engine } from '../../../server/engine/engine.js';
import type { Logger } from '../../../server/logger.js';
import { loadDescriptors } from '../../../server/rpc/descriptors.js';
import { Guard } from '../../../server/rpc/guard.js';
import { measurementService } from '../../../server/rpc/measurement-service.js';
import { studyService } from '../../../server/rpc/study-service.js';
import { trialService } from '../../../server/rpc/trial-service.js';
import { openLevelStore } from '../../../server/store/level.js';
import { services } from './methods.js';

/** What a request is answered with. Only a success has bytes here: a failure fails the run. */
export type Reply = (error: ServiceError | null, bytes: Uint8Array) => void;

export interface EnginePart {
  call(method: number, request: Buffer, reply: Reply): void;
  close(): Promise<void>;
}

type Handler = (call: object, callback: (error: ServiceError | null, response: unknown) => void) => void;

export async function openEngine(directory: string, logger: Logger): Promise<EnginePart> {
  const store = await openLevelStore({ directory, logger });
  const engine = new Engine(store, systemClock, logger, limitsFrom());
  await engine.open();
  const parts = { logger, descriptors: loadDescriptors(), guard: new Guard() };
  const implementations = [
    studyService(engine, parts),
    trialService(engine, parts),
    measurementService(engine, parts),
  ] as unknown as UntypedServiceImplementation[];
  const methods = services.flatMap((service, i) =>
    Object.entries(service).map(([name, method]) => ({
      method: method as MethodDefinition<unknown, unknown>,
      handle: implementations[i]![name] as unknown as Handler,
    })),
  );
  return {
    call(number, bytes, reply) {
      const { method, handle } = methods[number]!;
      // Deadlines and cancellations are not passed on: what that costs is not in the figures.
      const call = {
        request: method.requestDeserialize(bytes),
        cancelled: false,
        getPath: () => method.path,
        getDeadline: () => Infinity,
        on: () => undefined,
      };
      handle(call, (error, response) =>
        reply(error, error ? Buffer.alloc(0) : method.responseSerialize(response)),
      );
    },
    async close() {
      await engine.close();
      await store.close();
    },
  };
}
