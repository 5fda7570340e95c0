/**
 * THE table: what each method asks of its caller, and where its request names the
 * owner. What is not in it is refused, and no server starts with it.
 *
 * Creating studies is work, not administration: a job that creates its study or
 * goes on with it is the usual one, it destroys nothing, and limits bound it. Were
 * it for admins, every job would hold an admin's token. Stopping a trial is work
 * too: it loses nothing that was measured. What changes a budget or deletes is not.
 */
import { invalid, type WazirError } from '../domain/errors.js';
import { parseOwner, parseStudyName, parseTrialName, type StudyName } from '../domain/names.js';
import { ownerNotFound, studyNotFound } from '../domain/not-found.js';
import type {
  CreateStudyRequest,
  DeleteStudyRequest,
  GetStudyRequest,
  ListOptimalTrialsRequest,
  ListStudiesRequest,
  UpdateStudyRequest,
  WatchStudyRequest,
} from '../gen/wazir/v1/study.js';
import type {
  ListMeasurementsRequest,
  ReportMeasurementRequest,
  StreamMeasurementsRequest,
} from '../gen/wazir/v1/measurement.js';
import type {
  CompleteTrialRequest,
  CreateTrialRequest,
  DeleteTrialRequest,
  GetTrialRequest,
  ListTrialsRequest,
  ReleaseTrialRequest,
  RenewLeaseRequest,
  StopTrialRequest,
  SuggestTrialsRequest,
  UpdateMetadataRequest,
} from '../gen/wazir/v1/trial.js';
import type { Role } from './principal.js';

/** Where a request names the owner. */
export interface OwnerName {
  /** The resource name that begins with the owner. */
  nameOf(request: never): string;
  /** What is said where what it names is not there. Throws INVALID_FIELD for a malformed name. */
  missing(request: never): WazirError;
}

export interface Rule {
  readonly role: Role;
  /** `none`: nothing of an owner is named or shown. `all`: everything of every owner is. */
  readonly owner: OwnerName | 'none' | 'all';
}

type Parse = (field: string, name: string) => string | StudyName;

function under(field: string, parse: Parse) {
  return <Request>(role: Role, nameOf: (request: Request) => string): Rule => ({
    role,
    owner: {
      nameOf,
      missing(request: Request) {
        const parsed = parse(field, nameOf(request));
        // Of a trial too the study alone: where there is none, there is nothing to be said of it.
        return typeof parsed === 'string' ? ownerNotFound(parsed) : studyNotFound(parsed);
      },
    },
  });
}

const ownerParent = under('parent', parseOwner);
const studyParent = under('parent', parseStudyName);
const studyName = under('name', parseStudyName);
const trialParent = under('parent', parseTrialName);
const trialName = under('name', parseTrialName);
const trial = under('trial', parseTrialName);

const studyToUpdate: OwnerName = {
  nameOf: ({ study }: UpdateStudyRequest) => study?.name ?? '',
  missing({ study }: UpdateStudyRequest) {
    if (!study) throw invalid('study', 'must be set');
    return studyNotFound(parseStudyName('study.name', study.name));
  },
};

const studies = '/wazir.v1.StudyService';
const trials = '/wazir.v1.TrialService';
const measurements = '/wazir.v1.MeasurementService';

/** By full method name, with the slash before it; `open` is for everybody, known or not. */
export const rules: ReadonlyMap<string, Rule | 'open'> = new Map<string, Rule | 'open'>([
  [`${studies}/CreateStudy`, ownerParent('work', (it: CreateStudyRequest) => it.parent)],
  [`${studies}/GetStudy`, studyName('read', (it: GetStudyRequest) => it.name)],
  [`${studies}/ListStudies`, ownerParent('read', (it: ListStudiesRequest) => it.parent)],
  [`${studies}/UpdateStudy`, { role: 'admin', owner: studyToUpdate }],
  [`${studies}/DeleteStudy`, studyName('admin', (it: DeleteStudyRequest) => it.name)],
  [`${studies}/ListOptimalTrials`, studyParent('read', (it: ListOptimalTrialsRequest) => it.parent)],
  [`${studies}/WatchStudy`, studyName('read', (it: WatchStudyRequest) => it.name)],
  [`${studies}/ListAlgorithms`, { role: 'read', owner: 'none' }],

  [`${trials}/SuggestTrials`, studyParent('work', (it: SuggestTrialsRequest) => it.parent)],
  [`${trials}/CreateTrial`, studyParent('work', (it: CreateTrialRequest) => it.parent)],
  [`${trials}/GetTrial`, trialName('read', (it: GetTrialRequest) => it.name)],
  [`${trials}/ListTrials`, studyParent('read', (it: ListTrialsRequest) => it.parent)],
  [`${trials}/CompleteTrial`, trialName('work', (it: CompleteTrialRequest) => it.name)],
  [`${trials}/StopTrial`, trialName('work', (it: StopTrialRequest) => it.name)],
  [`${trials}/DeleteTrial`, trialName('admin', (it: DeleteTrialRequest) => it.name)],
  [`${trials}/RenewLease`, trialName('work', (it: RenewLeaseRequest) => it.name)],
  [`${trials}/ReleaseTrial`, trialName('work', (it: ReleaseTrialRequest) => it.name)],
  [`${trials}/UpdateMetadata`, studyName('work', (it: UpdateMetadataRequest) => it.name)],

  [`${measurements}/ReportMeasurement`, trial('work', (it: ReportMeasurementRequest) => it.trial)],
  [`${measurements}/StreamMeasurements`, trial('work', (it: StreamMeasurementsRequest) => it.trial)],
  [`${measurements}/ListMeasurements`, trialParent('read', (it: ListMeasurementsRequest) => it.parent)],

  ['/wazir.v1.AdminService/Backup', { role: 'admin', owner: 'all' }],

  // Of the contract alone.
  ['/grpc.reflection.v1.ServerReflection/ServerReflectionInfo', { role: 'read', owner: 'none' }],
  ['/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo', { role: 'read', owner: 'none' }],

  // Probes hold no token, and are told of services alone.
  ['/grpc.health.v1.Health/Check', 'open'],
  ['/grpc.health.v1.Health/Watch', 'open'],
  ['/grpc.health.v1.Health/List', 'open'],
]);
