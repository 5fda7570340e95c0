import { CreateStudyRequest, StudyServiceService } from '../../../server/gen/wazir/v1/study.js';
import { methodPaths } from './methods.js';

const createStudy = methodPaths.indexOf(StudyServiceService.createStudy.path);

/**
 * Which engine a request belongs to: the number that ends the id of its study,
 * modulo engines, so that a run divides its studies evenly.
 */
export function placeOf(method: number, request: Buffer, engines: number): number {
  if (engines === 1) return 0;
  const study =
    method === createStudy ? CreateStudyRequest.decode(request).studyId : firstText(request).split('/')[3]!;
  return Number(/\d+$/.exec(study)![0]) % engines;
}

/** The name that every request begins with, field 1, without decoding the rest. */
function firstText(request: Buffer): string {
  return request.toString('latin1', 2, 2 + request[1]!);
}
