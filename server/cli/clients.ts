import {
  credentials,
  Metadata,
  type CallOptions,
  type Client,
  type ClientUnaryCall,
  type ServiceError,
} from '@grpc/grpc-js';
import { isLocal, parseAddress } from '../address.js';
import { MeasurementServiceClient } from '../gen/wazir/v1/measurement.js';
import { StudyServiceClient } from '../gen/wazir/v1/study.js';
import { TrialServiceClient } from '../gen/wazir/v1/trial.js';
import { serverFailure } from './server-error.js';

type Unary<Q, R> = (
  request: Q,
  metadata: Metadata,
  options: Partial<CallOptions>,
  callback: (error: ServiceError | null, response: R) => void,
) => ClientUnaryCall;

/** The unary methods of a generated client, as promises. They reject with a Failure. */
export type Promised<C> = {
  readonly [M in keyof C as C[M] extends Unary<never, unknown> ? M : never]: C[M] extends Unary<
    infer Q,
    infer R
  >
    ? (request: Q) => Promise<R>
    : never;
};

/** One connection to a server, and its services. */
export interface Clients {
  readonly studies: Promised<StudyServiceClient>;
  readonly trials: Promised<TrialServiceClient>;
  readonly measurements: Promised<MeasurementServiceClient>;
  /** For streams. */
  readonly studyStreams: Pick<StudyServiceClient, 'watchStudy'>;
  close(): void;
}

/** Connects, lazily, to `host:port` or `unix:/path`. Each call has `timeoutMs` to be answered. */
export function connect(server: string, timeoutMs: number): Clients {
  const address = parseAddress(server, 1);
  const options = {
    // A page of trials with thousands of parameters is larger than the default of 4 MiB.
    'grpc.max_receive_message_length': -1,
    // Finds out that a watched server is gone without a word.
    'grpc.keepalive_time_ms': 60_000,
    // A proxy of the environment can not reach this machine's loopback.
    'grpc.enable_http_proxy': address !== undefined && isLocal(address) ? 0 : 1,
  };
  const studies = new StudyServiceClient(server, credentials.createInsecure(), options);
  const shared = { ...options, channelOverride: studies.getChannel() };
  const trials = new TrialServiceClient(server, credentials.createInsecure(), shared);
  const measurements = new MeasurementServiceClient(server, credentials.createInsecure(), shared);
  return {
    studies: promised(studies, server, timeoutMs),
    trials: promised(trials, server, timeoutMs),
    measurements: promised(measurements, server, timeoutMs),
    studyStreams: studies,
    close: () => studies.close(),
  };
}

function promised<C extends Client>(client: C, server: string, timeoutMs: number): Promised<C> {
  return new Proxy(client, {
    get: (target, method) => (request: unknown) =>
      new Promise((resolve, reject) => {
        const call = Reflect.get(target, method) as Unary<unknown, unknown>;
        call.call(
          target,
          request,
          new Metadata(),
          { deadline: Date.now() + timeoutMs },
          (error, response) => {
            if (error === null) resolve(response);
            else reject(serverFailure(error, server));
          },
        );
      }),
  }) as unknown as Promised<C>;
}
