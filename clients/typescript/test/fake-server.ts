import {
  Metadata,
  Server,
  ServerCredentials,
  status,
  type sendUnaryData,
  type ServerDuplexStream,
  type ServerUnaryCall,
  type ServiceDefinition,
} from '@grpc/grpc-js';
import {
  Directive_Kind,
  MeasurementServiceService,
  StreamMeasurementsResponse,
  type StreamMeasurementsRequest,
} from '../src/gen/wazir/v1/measurement.js';
import { StudyServiceService, type StudyServiceServer } from '../src/gen/wazir/v1/study.js';
import { TrialServiceService, type TrialServiceServer } from '../src/gen/wazir/v1/trial.js';
import { Status } from '../src/gen/google/rpc/status.js';
import { BadRequest, ErrorInfo } from '../../../server/gen/google/rpc/error_details.js';

type ReportCall = ServerDuplexStream<StreamMeasurementsRequest, StreamMeasurementsResponse>;

/** The unary methods of a service, each as a function from request to response. */
type UnaryHandlers<Service> = {
  [Name in keyof Service as string extends Name ? never : Name]?: Service[Name] extends (
    call: ServerUnaryCall<infer Request, infer Response>,
    callback: never,
  ) => void
    ? (request: Request) => Response | Promise<Response>
    : never;
};

export type Handlers = UnaryHandlers<TrialServiceServer> &
  UnaryHandlers<StudyServiceServer> & {
    /** Called with each message of each report stream. */
    onReport?: (request: StreamMeasurementsRequest, call: ReportCall) => void;
  };

/** A server whose every answer a test decides. */
export class FakeServer {
  readonly address: string;
  /** Each unary call in order of arrival. */
  readonly calls: { method: string; request: unknown }[] = [];
  /** Each message of every report stream in order of arrival. */
  readonly reports: StreamMeasurementsRequest[] = [];
  /** The report streams that are open. */
  readonly streams = new Set<ReportCall>();
  readonly #server: Server;

  private constructor(server: Server, address: string) {
    this.#server = server;
    this.address = address;
  }

  /** Starts on a free port, or again at an address. */
  static async start(handlers: Handlers, address = '127.0.0.1:0'): Promise<FakeServer> {
    const server = new Server();
    const port = await new Promise<number>((resolve, reject) => {
      server.bindAsync(address, ServerCredentials.createInsecure(), (error, bound) =>
        error === null ? resolve(bound) : reject(error),
      );
    });
    const fake = new FakeServer(server, `127.0.0.1:${port}`);
    for (const service of [TrialServiceService, StudyServiceService]) fake.#serve(service, handlers);
    server.addService(MeasurementServiceService, {
      streamMeasurements: (call: ReportCall) => {
        fake.streams.add(call);
        call.on('data', (request: StreamMeasurementsRequest) => {
          fake.reports.push(request);
          handlers.onReport?.(request, call);
        });
        call.on('end', () => call.end());
        call.on('close', () => fake.streams.delete(call));
        call.on('cancelled', () => fake.streams.delete(call));
      },
    });
    return fake;
  }

  /** The requests of one method. */
  requests<Request>(method: string): Request[] {
    return this.calls.filter((call) => call.method === method).map(({ request }) => request as Request);
  }

  /** Cuts every connection. */
  stop(): void {
    this.#server.forceShutdown();
  }

  #serve(service: ServiceDefinition, handlers: Handlers): void {
    const unary = Object.entries(service).filter(([, { responseStream }]) => !responseStream);
    const implementation = unary.map(([name]) => {
      const handle = async (call: ServerUnaryCall<unknown, unknown>, callback: sendUnaryData<unknown>) => {
        this.calls.push({ method: name, request: call.request });
        try {
          const handler = (handlers as Record<string, ((request: unknown) => unknown) | undefined>)[name];
          if (handler === undefined) throw failure(status.UNIMPLEMENTED, `the test has no ${name}`);
          callback(null, await handler(call.request));
        } catch (error) {
          callback(error as Error);
        }
      };
      return [name, (call: never, callback: never) => void handle(call, callback)];
    });
    this.#server.addService(service, Object.fromEntries(implementation) as never);
  }
}

/** Ends a report stream as a connection that is lost does. */
export function cut(call: ReportCall): void {
  call.emit('error', failure(status.UNAVAILABLE, 'cut'));
}

/** What a report is answered with. */
export function answer(
  request: StreamMeasurementsRequest,
  kind: Directive_Kind,
  until = 0,
): StreamMeasurementsResponse {
  return StreamMeasurementsResponse.create({ messageId: request.messageId, directive: { kind, until } });
}

/** The answer to a report that is refused. */
export function refusal(
  request: StreamMeasurementsRequest,
  code: status,
  reason: string,
): StreamMeasurementsResponse {
  return StreamMeasurementsResponse.create({
    messageId: request.messageId,
    error: errorStatus(code, reason.toLowerCase(), reason),
  });
}

/** An error that grpc-js sends with all its details. */
export function failure(
  code: status,
  message: string,
  reason = '',
  fields: Record<string, string> = {},
): Error {
  const metadata = new Metadata();
  const bytes = Status.encode(errorStatus(code, message, reason, fields)).finish();
  metadata.set('grpc-status-details-bin', Buffer.from(bytes));
  return Object.assign(new Error(message), { code, details: message, metadata });
}

function errorStatus(
  code: status,
  message: string,
  reason: string,
  fields: Record<string, string> = {},
): Status {
  const info = ErrorInfo.create({ reason, domain: 'wazir', metadata: { attempt: '7' } });
  const fieldViolations = Object.entries(fields).map(([field, description]) => ({ field, description }));
  const details = [
    pack('ErrorInfo', ErrorInfo.encode(info).finish()),
    pack('BadRequest', BadRequest.encode(BadRequest.create({ fieldViolations })).finish()),
  ];
  return { code, message, details: fieldViolations.length > 0 ? details : details.slice(0, 1) };
}

function pack(name: string, bytes: Uint8Array) {
  return { typeUrl: `type.googleapis.com/google.rpc.${name}`, value: Buffer.from(bytes) };
}
