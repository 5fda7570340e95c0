/** A client for tests: promises over the generated stubs, requests as partial messages. */
import {
  credentials,
  type CallOptions,
  type ChannelCredentials,
  type ClientUnaryCall,
  InterceptingCall,
  type Interceptor,
  type ServiceError,
} from '@grpc/grpc-js';
import type { Empty } from '../server/gen/google/protobuf/empty.js';
import {
  CreateStudyRequest,
  DeleteStudyRequest,
  GetStudyRequest,
  ListAlgorithmsRequest,
  type ListAlgorithmsResponse,
  ListOptimalTrialsRequest,
  type ListOptimalTrialsResponse,
  ListStudiesRequest,
  type ListStudiesResponse,
  type Study,
  StudyServiceClient,
  UpdateStudyRequest,
  WatchStudyRequest,
  type WatchStudyResponse,
} from '../server/gen/wazir/v1/study.js';
import {
  CompleteTrialRequest,
  CreateTrialRequest,
  DeleteTrialRequest,
  GetTrialRequest,
  ListTrialsRequest,
  type ListTrialsResponse,
  ReleaseTrialRequest,
  RenewLeaseRequest,
  type RenewLeaseResponse,
  StopTrialRequest,
  SuggestTrialsRequest,
  type SuggestTrialsResponse,
  type Trial,
  TrialServiceClient,
  UpdateMetadataRequest,
  type UpdateMetadataResponse,
} from '../server/gen/wazir/v1/trial.js';
import {
  ListMeasurementsRequest,
  type ListMeasurementsResponse,
  MeasurementServiceClient,
  ReportMeasurementRequest,
  type ReportMeasurementResponse,
} from '../server/gen/wazir/v1/measurement.js';

/** A message of which only what matters is given. */
type Given<T> = { fromPartial(given: object): T };
export type Partially<T> = T extends (infer E)[]
  ? Partially<E>[]
  : T extends Uint8Array
    ? T
    : T extends object
      ? { [K in keyof T]?: Partially<T[K]> | undefined }
      : T;

type Method<Request, Response> = (
  request: Request,
  options: CallOptions,
  callback: (error: ServiceError | null, response: Response) => void,
) => ClientUnaryCall;

/** Options of one call; it has 20 seconds unless told. */
export interface TestCallOptions extends CallOptions {
  /** Cancels the call. */
  readonly signal?: AbortSignal;
}

function caller<Request, Response>(message: Given<Request>, method: object) {
  const unary = method as Method<Request, Response>;
  return (given: Partially<Request>, { signal, ...options }: TestCallOptions = {}): Promise<Response> =>
    new Promise((resolve, reject) => {
      const call = unary(
        message.fromPartial(given as object),
        { deadline: Date.now() + 20_000, ...options },
        (error, response) => (error ? reject(error) : resolve(response)),
      );
      signal?.addEventListener('abort', () => call.cancel(), { once: true });
    });
}

function showing(token: string): Interceptor {
  return (options, next) =>
    new InterceptingCall(next(options), {
      start(metadata, listener, start) {
        metadata.set('authorization', `Bearer ${token}`);
        start(metadata, listener);
      },
    });
}

export class TestClient {
  readonly studyStub: StudyServiceClient;
  readonly trialStub: TrialServiceClient;
  readonly measurementStub: MeasurementServiceClient;
  readonly createStudy;
  readonly getStudy;
  readonly listStudies;
  readonly updateStudy;
  readonly deleteStudy;
  readonly listOptimalTrials;
  readonly listAlgorithms;
  readonly suggestTrials;
  readonly createTrial;
  readonly getTrial;
  readonly listTrials;
  readonly completeTrial;
  readonly stopTrial;
  readonly deleteTrial;
  readonly renewLease;
  readonly releaseTrial;
  readonly updateMetadata;
  readonly reportMeasurement;
  readonly listMeasurements;

  /** @param token shown with each call; grpc-js itself shows none in plain text */
  constructor(address: string, as: ChannelCredentials = credentials.createInsecure(), token?: string) {
    // A channel of its own: tests that end a server must not share a subchannel in back-off.
    const options = {
      'grpc.use_local_subchannel_pool': 1,
      ...(token === undefined ? {} : { interceptors: [showing(token)] }),
    };
    this.studyStub = new StudyServiceClient(address, as, options);
    this.trialStub = new TrialServiceClient(address, as, options);
    this.measurementStub = new MeasurementServiceClient(address, as, options);
    const study = this.studyStub;
    this.createStudy = caller<CreateStudyRequest, Study>(CreateStudyRequest, study.createStudy.bind(study));
    this.getStudy = caller<GetStudyRequest, Study>(GetStudyRequest, study.getStudy.bind(study));
    this.listStudies = caller<ListStudiesRequest, ListStudiesResponse>(
      ListStudiesRequest,
      study.listStudies.bind(study),
    );
    this.updateStudy = caller<UpdateStudyRequest, Study>(UpdateStudyRequest, study.updateStudy.bind(study));
    this.deleteStudy = caller<DeleteStudyRequest, Empty>(DeleteStudyRequest, study.deleteStudy.bind(study));
    this.listOptimalTrials = caller<ListOptimalTrialsRequest, ListOptimalTrialsResponse>(
      ListOptimalTrialsRequest,
      study.listOptimalTrials.bind(study),
    );
    this.listAlgorithms = caller<ListAlgorithmsRequest, ListAlgorithmsResponse>(
      ListAlgorithmsRequest,
      study.listAlgorithms.bind(study),
    );
    const trial = this.trialStub;
    this.suggestTrials = caller<SuggestTrialsRequest, SuggestTrialsResponse>(
      SuggestTrialsRequest,
      trial.suggestTrials.bind(trial),
    );
    this.createTrial = caller<CreateTrialRequest, Trial>(CreateTrialRequest, trial.createTrial.bind(trial));
    this.getTrial = caller<GetTrialRequest, Trial>(GetTrialRequest, trial.getTrial.bind(trial));
    this.listTrials = caller<ListTrialsRequest, ListTrialsResponse>(
      ListTrialsRequest,
      trial.listTrials.bind(trial),
    );
    this.completeTrial = caller<CompleteTrialRequest, Trial>(
      CompleteTrialRequest,
      trial.completeTrial.bind(trial),
    );
    this.stopTrial = caller<StopTrialRequest, Trial>(StopTrialRequest, trial.stopTrial.bind(trial));
    this.deleteTrial = caller<DeleteTrialRequest, Empty>(DeleteTrialRequest, trial.deleteTrial.bind(trial));
    this.renewLease = caller<RenewLeaseRequest, RenewLeaseResponse>(
      RenewLeaseRequest,
      trial.renewLease.bind(trial),
    );
    this.releaseTrial = caller<ReleaseTrialRequest, Trial>(
      ReleaseTrialRequest,
      trial.releaseTrial.bind(trial),
    );
    this.updateMetadata = caller<UpdateMetadataRequest, UpdateMetadataResponse>(
      UpdateMetadataRequest,
      trial.updateMetadata.bind(trial),
    );
    const measurement = this.measurementStub;
    this.reportMeasurement = caller<ReportMeasurementRequest, ReportMeasurementResponse>(
      ReportMeasurementRequest,
      measurement.reportMeasurement.bind(measurement),
    );
    this.listMeasurements = caller<ListMeasurementsRequest, ListMeasurementsResponse>(
      ListMeasurementsRequest,
      measurement.listMeasurements.bind(measurement),
    );
  }

  /** Watches a study; `stop` ends it. */
  watch(given: Partially<WatchStudyRequest>): {
    responses: AsyncIterable<WatchStudyResponse>;
    stop: () => void;
  } {
    const stream = this.studyStub.watchStudy(WatchStudyRequest.fromPartial(given as object));
    stream.on('error', () => undefined);
    return { responses: stream, stop: () => stream.cancel() };
  }

  close(): void {
    this.studyStub.close();
    this.trialStub.close();
    this.measurementStub.close();
  }
}
