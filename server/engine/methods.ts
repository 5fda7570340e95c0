/** The methods whose answers are kept by request id, with their messages. */
import { Empty } from '../gen/google/protobuf/empty.js';
import { CreateStudyRequest, DeleteStudyRequest, Study, UpdateStudyRequest } from '../gen/wazir/v1/study.js';
import {
  CompleteTrialRequest,
  CreateTrialRequest,
  DeleteTrialRequest,
  ReleaseTrialRequest,
  StopTrialRequest,
  SuggestTrialsRequest,
  SuggestTrialsResponse,
  Trial,
  UpdateMetadataRequest,
  UpdateMetadataResponse,
} from '../gen/wazir/v1/trial.js';

export const methods = {
  createStudy: { name: 'CreateStudy', request: CreateStudyRequest, response: Study },
  updateStudy: { name: 'UpdateStudy', request: UpdateStudyRequest, response: Study },
  deleteStudy: { name: 'DeleteStudy', request: DeleteStudyRequest, response: Empty },
  suggestTrials: { name: 'SuggestTrials', request: SuggestTrialsRequest, response: SuggestTrialsResponse },
  createTrial: { name: 'CreateTrial', request: CreateTrialRequest, response: Trial },
  completeTrial: { name: 'CompleteTrial', request: CompleteTrialRequest, response: Trial },
  stopTrial: { name: 'StopTrial', request: StopTrialRequest, response: Trial },
  deleteTrial: { name: 'DeleteTrial', request: DeleteTrialRequest, response: Empty },
  releaseTrial: { name: 'ReleaseTrial', request: ReleaseTrialRequest, response: Trial },
  updateMetadata: {
    name: 'UpdateMetadata',
    request: UpdateMetadataRequest,
    response: UpdateMetadataResponse,
  },
} as const;
