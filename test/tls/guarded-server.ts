/** A server that lets in who shows the right token: for clients to be tried against. */
import { Server, ServerCredentials, status, type Metadata } from '@grpc/grpc-js';
import { HealthImplementation } from 'grpc-health-check';
import type { TestContext } from 'node:test';
import { StudyServiceService, type ListStudiesResponse } from '../../server/gen/wazir/v1/study.js';
import type { Certificate } from './certificates.js';

export interface GuardedOptions {
  /** Plain text where it is not given. */
  readonly certificate?: Certificate;
  /** Authority of the clients' certificates: each client must show one. */
  readonly clientCa?: string;
  /** Where to listen; a free port of the loopback where it is not given. */
  readonly address?: string;
}

export interface GuardedServer {
  /** `127.0.0.1:port`, or the address given. */
  readonly address: string;
  readonly port: number;
  /** What was sent as `authorization` with each ListStudies, in order. */
  readonly shown: (string | undefined)[];
  /** Tokens that are let in; everybody is while it is empty. */
  readonly tokens: Set<string>;
  /** Called when somebody is not let in, before they hear of it. */
  onRefusal: (() => void) | undefined;
  /** Answers those who are let in with this error instead. */
  refuseWith: { readonly code: status; readonly details: string } | undefined;
}

/** Serves ListStudies, which has no studies to list, and health, which is open. */
export async function startGuarded(t: TestContext, options: GuardedOptions = {}): Promise<GuardedServer> {
  const server = new Server();
  const shown: GuardedServer['shown'] = [];
  const tokens = new Set<string>();
  const { address = '127.0.0.1:0', certificate, clientCa } = options;
  const refusal = (metadata: Metadata) => {
    const authorization = metadata.get('authorization')[0]?.toString();
    shown.push(authorization);
    if (tokens.size === 0 || tokens.has(authorization?.replace(/^Bearer /, '') ?? ''))
      return guarded.refuseWith;
    guarded.onRefusal?.();
    return { code: status.UNAUTHENTICATED, details: 'no valid token' };
  };
  server.addService(
    { listStudies: StudyServiceService.listStudies },
    {
      listStudies: (
        { metadata }: { metadata: Metadata },
        answer: (error: object | null, response?: ListStudiesResponse) => void,
      ) => {
        const refused = refusal(metadata);
        if (refused === undefined) answer(null, { studies: [], nextPageToken: '' });
        else answer(refused);
      },
    },
  );
  new HealthImplementation({ '': 'SERVING' }).addToServer(server);
  const credentials =
    certificate === undefined
      ? ServerCredentials.createInsecure()
      : ServerCredentials.createSsl(
          clientCa === undefined ? null : Buffer.from(clientCa),
          [{ cert_chain: Buffer.from(certificate.cert), private_key: Buffer.from(certificate.key) }],
          clientCa !== undefined,
        );
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync(address, credentials, (error, bound) => (error ? reject(error) : resolve(bound)));
  });
  t.after(() => server.forceShutdown());
  const guarded: GuardedServer = {
    address: address.replace(/:0$/, `:${port}`),
    port,
    shown,
    tokens,
    onRefusal: undefined,
    refuseWith: undefined,
  };
  return guarded;
}
