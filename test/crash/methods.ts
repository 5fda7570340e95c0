/** The calls that a load makes, with what encodes them. Requests and answers stay bytes: they are compared as such. */
import { Client, credentials, Metadata, status, type ServiceError } from '@grpc/grpc-js';
import * as study from '../../server/gen/wazir/v1/study.js';
import * as trial from '../../server/gen/wazir/v1/trial.js';
import * as measurement from '../../server/gen/wazir/v1/measurement.js';
import { Empty } from '../../server/gen/google/protobuf/empty.js';
import { refusalOf } from '../rpc/refusal.js';
import type { Partially } from '../test-client.js';

interface Codec<T> {
  encode(message: T): { finish(): Uint8Array };
  decode(bytes: Uint8Array): T;
  fromPartial(given: object): T;
}

function method<Request, Response>(
  { path }: { readonly path: string },
  request: Codec<Request>,
  response: Codec<Response>,
) {
  return { path, request, response };
}

const { StudyServiceService: studies } = study;
const { TrialServiceService: trials } = trial;
const { MeasurementServiceService: measurements } = measurement;

export const methods = {
  createStudy: method(studies.createStudy, study.CreateStudyRequest, study.Study),
  updateStudy: method(studies.updateStudy, study.UpdateStudyRequest, study.Study),
  deleteStudy: method(studies.deleteStudy, study.DeleteStudyRequest, Empty),
  suggestTrials: method(trials.suggestTrials, trial.SuggestTrialsRequest, trial.SuggestTrialsResponse),
  createTrial: method(trials.createTrial, trial.CreateTrialRequest, trial.Trial),
  completeTrial: method(trials.completeTrial, trial.CompleteTrialRequest, trial.Trial),
  stopTrial: method(trials.stopTrial, trial.StopTrialRequest, trial.Trial),
  deleteTrial: method(trials.deleteTrial, trial.DeleteTrialRequest, Empty),
  releaseTrial: method(trials.releaseTrial, trial.ReleaseTrialRequest, trial.Trial),
  updateMetadata: method(trials.updateMetadata, trial.UpdateMetadataRequest, trial.UpdateMetadataResponse),
  renewLease: method(trials.renewLease, trial.RenewLeaseRequest, trial.RenewLeaseResponse),
  reportMeasurement: method(
    measurements.reportMeasurement,
    measurement.ReportMeasurementRequest,
    measurement.ReportMeasurementResponse,
  ),
} as const;

export type MethodName = keyof typeof methods;
export type RequestOf<M extends MethodName> = ReturnType<(typeof methods)[M]['request']['decode']>;
export type ResponseOf<M extends MethodName> = ReturnType<(typeof methods)[M]['response']['decode']>;

export function encodeRequest<M extends MethodName>(name: M, given: Partially<RequestOf<M>>): Buffer {
  const codec = methods[name].request as unknown as Codec<RequestOf<M>>;
  return Buffer.from(codec.encode(codec.fromPartial(given)).finish());
}

export function decodeRequest<M extends MethodName>(name: M, body: Uint8Array): RequestOf<M> {
  return (methods[name].request as unknown as Codec<RequestOf<M>>).decode(body);
}

export function decodeResponse<M extends MethodName>(name: M, body: Uint8Array): ResponseOf<M> {
  return (methods[name].response as unknown as Codec<ResponseOf<M>>).decode(body);
}

/** How a call ended. */
export type Outcome =
  | { readonly kind: 'ok'; readonly body: Buffer }
  /** The server says that it had no effect. */
  | { readonly kind: 'refused'; readonly code: string; readonly reason: string }
  /** Nobody knows. */
  | { readonly kind: 'open'; readonly code: string };

/** What an error tells of a call's effect: without the server's own words its outcome is open. */
export function outcomeOf(error: ServiceError): Outcome {
  const { code, reason, message } = refusalOf(error);
  if (code === 'INTERNAL' && message.startsWith('internal error'))
    throw new Error('the server has a bug: INTERNAL');
  if (reason === undefined || reason === 'COMMIT_OUTCOME_UNKNOWN') return { kind: 'open', code };
  return { kind: 'refused', code, reason };
}

/** Calls of bytes, over connections of their own. */
export class Connection {
  readonly #client: Client;

  constructor(address: string) {
    this.#client = new Client(address, credentials.createInsecure(), {
      // Tests that end a server must not share a subchannel in back-off.
      'grpc.use_local_subchannel_pool': 1,
    });
  }

  call(name: MethodName, body: Buffer, deadlineMs = 20_000): Promise<Outcome> {
    return new Promise((resolve, reject) => {
      this.#client.makeUnaryRequest(
        methods[name].path,
        (bytes: Buffer) => bytes,
        (bytes: Buffer) => bytes,
        body,
        new Metadata(),
        { deadline: Date.now() + deadlineMs },
        (error, answer) => {
          try {
            resolve(error ? outcomeOf(error) : { kind: 'ok', body: answer! });
          } catch (bug) {
            reject(bug instanceof Error ? bug : new Error(String(bug)));
          }
        },
      );
    });
  }

  close(): void {
    this.#client.close();
  }
}

/** Codes with which a call ends when its server does. */
export const codesOfTheEnd: readonly string[] = [
  status[status.UNAVAILABLE],
  status[status.CANCELLED],
  status[status.INTERNAL],
  status[status.DEADLINE_EXCEEDED],
  status[status.UNKNOWN],
];
