/**
 * Open streams of services that others have written: health, reflection. Nothing
 * ends them by itself, and each would hold a server that shuts down to the last.
 */
import type { Server, ServiceDefinition, UntypedServiceImplementation } from '@grpc/grpc-js';
import { toServiceError } from './status.js';

interface StreamingCall {
  emit(event: 'error', error: Error): unknown;
  on(event: 'cancelled' | 'finish', listener: () => void): unknown;
}

type AnyHandler = (call: StreamingCall, callback?: unknown) => void;

export class OpenStreams {
  readonly #open = new Set<StreamingCall>();
  #ended: unknown;

  /** Where services are added whose streams are to be known here. */
  over(server: Pick<Server, 'addService'>): Pick<Server, 'addService'> {
    return {
      addService: (service: ServiceDefinition, implementation: UntypedServiceImplementation) => {
        const entries = Object.entries(service).map(([name, { originalName, responseStream }]) => {
          const given = implementation[name] ?? implementation[originalName ?? ''];
          if (given === undefined) throw new Error(`${name} is not implemented`);
          const handler = given.bind(implementation) as AnyHandler;
          return [name, responseStream ? this.#known(handler) : handler];
        });
        server.addService(service, Object.fromEntries(entries) as UntypedServiceImplementation);
      },
    };
  }

  get size(): number {
    return this.#open.size;
  }

  /** Ends all with an error, and all that are opened later. */
  endAll(error: unknown): void {
    this.#ended = error;
    for (const call of [...this.#open]) call.emit('error', toServiceError(error));
  }

  #known(handler: AnyHandler): AnyHandler {
    return (call) => {
      if (this.#ended !== undefined) {
        call.emit('error', toServiceError(this.#ended));
        return;
      }
      const forget = () => this.#open.delete(call);
      this.#open.add(call);
      call.on('cancelled', forget);
      call.on('finish', forget);
      handler(call);
    };
  }
}
