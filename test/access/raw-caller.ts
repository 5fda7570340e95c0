/** Calls any method of any service, with any metadata, as a client that knows the `.proto` files alone. */
import { Duplex } from 'node:stream';
import {
  Client,
  credentials,
  Metadata,
  status,
  type ChannelCredentials,
  type ServiceError,
} from '@grpc/grpc-js';
import type { MethodDefinition } from '@grpc/proto-loader';
import { Status } from '../../server/gen/google/rpc/status.js';
import { refusalOf, refusalOfStatus, type Refusal } from '../rpc/refusal.js';

export type Method = MethodDefinition<object, object>;

/** What came of a call. */
export interface Outcome {
  /** Name of the gRPC code. */
  readonly code: string;
  readonly refusal?: Refusal;
  /** The answer, or the first one of a stream. */
  readonly answer?: object;
}

export class RawCaller {
  readonly #client: Client;

  constructor(address: string, channel: ChannelCredentials = credentials.createInsecure()) {
    this.#client = new Client(address, channel, { 'grpc.use_local_subchannel_pool': 1 });
  }

  /** @param authorization values of that header */
  async call(method: Method, request: object, ...authorization: string[]): Promise<Outcome> {
    const metadata = new Metadata();
    for (const value of authorization) metadata.add('authorization', value);
    try {
      const answer = await this.#first(method, request, metadata);
      const { error } = answer as { error?: { code: number; message: string; details: Any[] } | null };
      return method.requestStream && error ? ofStatus(error) : { code: 'OK', answer };
    } catch (error) {
      const refusal = refusalOf(error as ServiceError);
      return { code: refusal.code, refusal };
    }
  }

  close(): void {
    this.#client.close();
  }

  #first(method: Method, request: object, metadata: Metadata): Promise<object> {
    const { path, requestSerialize, responseDeserialize } = method;
    const options = { deadline: Date.now() + 60_000 };
    if (!method.responseStream)
      return new Promise((resolve, reject) =>
        this.#client.makeUnaryRequest(
          path,
          requestSerialize,
          responseDeserialize,
          request,
          metadata,
          options,
          (error, answer) => (error ? reject(error) : resolve(answer!)),
        ),
      );
    const stream = method.requestStream
      ? this.#client.makeBidiStreamRequest(path, requestSerialize, responseDeserialize, metadata, options)
      : this.#client.makeServerStreamRequest(
          path,
          requestSerialize,
          responseDeserialize,
          request,
          metadata,
          options,
        );
    if (stream instanceof Duplex) stream.write(request);
    return new Promise((resolve, reject) => {
      stream.on('data', (answer: object) => {
        resolve(answer);
        stream.cancel();
      });
      stream.on('error', reject);
      stream.on('end', () => reject(new Error('ended without an answer')));
    });
  }
}

interface Any {
  readonly type_url: string;
  readonly value: Buffer;
}

/** How one message of a stream was refused. */
function ofStatus({ code, message, details }: { code: number; message: string; details: Any[] }): Outcome {
  const refusal = refusalOfStatus(
    Status.fromPartial({
      code,
      message,
      details: details.map(({ type_url: typeUrl, value }) => ({ typeUrl, value })),
    }),
  );
  return { code: status[code]!, refusal };
}
