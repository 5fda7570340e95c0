import {
  makeGenericClientConstructor,
  Metadata,
  type CallOptions,
  type Client,
  type ClientUnaryCall,
  type ServiceError,
} from '@grpc/grpc-js';
import { service as healthService } from 'grpc-health-check';
import { isLocal, parseAddress } from '../address.js';
import type { ClientConfig } from '../config.js';
import { AdminServiceClient } from '../gen/wazir/v1/admin.js';
import { MeasurementServiceClient } from '../gen/wazir/v1/measurement.js';
import { StudyServiceClient } from '../gen/wazir/v1/study.js';
import { TrialServiceClient } from '../gen/wazir/v1/trial.js';
import { credentialsFor } from './credentials.js';
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
  readonly adminStreams: Pick<AdminServiceClient, 'backup'>;
  /** What is sent as the token now; undefined where none is given. */
  token(): string | undefined;
  /** Whether the server serves: `SERVING`, `NOT_SERVING`. */
  health(): Promise<string>;
  close(): void;
}

interface HealthService {
  readonly check: Unary<{ readonly service: string }, { readonly status: string }>;
}

const HealthClient = makeGenericClientConstructor(healthService, 'Health');

/** Who calls, and how the server is known; nothing of it where it is not given. */
export type Access = Partial<Pick<ClientConfig, 'tls' | 'token' | 'insecure'>>;

/**
 * Connects, lazily, to `host:port` or `unix:/path`. Each call has `timeoutMs` to be
 * answered. Throws a Failure where credentials can not be read or must not be sent.
 */
export function connect(server: string, timeoutMs: number, access: Access = {}): Clients {
  const address = parseAddress(server, 1);
  const { channel, options: own, token } = credentialsFor(server, access);
  const options = {
    ...own,
    // A page of trials with thousands of parameters is larger than the default of 4 MiB.
    'grpc.max_receive_message_length': -1,
    // Finds out that a watched server is gone without a word.
    'grpc.keepalive_time_ms': 60_000,
    // A proxy of the environment can not reach this machine's loopback.
    'grpc.enable_http_proxy': address !== undefined && isLocal(address) ? 0 : 1,
  };
  const studies = new StudyServiceClient(server, channel, options);
  const shared = { ...options, channelOverride: studies.getChannel() };
  const trials = new TrialServiceClient(server, channel, shared);
  const measurements = new MeasurementServiceClient(server, channel, shared);
  const health = new HealthClient(server, channel, shared) as unknown as Client & HealthService;
  return {
    studies: promised(studies, server, timeoutMs),
    trials: promised(trials, server, timeoutMs),
    measurements: promised(measurements, server, timeoutMs),
    studyStreams: studies,
    adminStreams: new AdminServiceClient(server, channel, shared),
    token: () => token?.(),
    health: async () => (await promised(health, server, timeoutMs).check({ service: '' })).status,
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
