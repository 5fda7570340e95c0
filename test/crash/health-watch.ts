/** Whether a server says that it serves, as it changes. */
import type { EventEmitter } from 'node:events';
import { credentials, makeGenericClientConstructor, type ChannelCredentials } from '@grpc/grpc-js';
import { service } from 'grpc-health-check';

const Health = makeGenericClientConstructor(service, 'Health') as unknown as new (
  address: string,
  channelCredentials: ChannelCredentials,
) => { watch(request: { service: string }): EventEmitter & { cancel(): void }; close(): void };

export class HealthWatch {
  /** Each state, as it was told. */
  readonly states: string[] = [];
  readonly #client;
  readonly #call;

  constructor(address: string) {
    this.#client = new Health(address, credentials.createInsecure());
    this.#call = this.#client.watch({ service: '' });
    this.#call.on('error', () => undefined);
    this.#call.on('data', ({ status }: { status: string }) => this.states.push(status));
  }

  close(): void {
    this.#call.cancel();
    this.#client.close();
  }
}
