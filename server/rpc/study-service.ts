/** `wazir.v1.StudyService`: check, call, answer. */
import { invalid } from '../domain/errors.js';
import { parseOwner, parseStudyName } from '../domain/names.js';
import { createStudy } from '../engine/commands/create-study.js';
import { deleteStudy } from '../engine/commands/delete-study.js';
import { updateStudy } from '../engine/commands/update-study.js';
import type { Engine } from '../engine/engine.js';
import { listAlgorithms } from '../engine/algorithms.js';
import { listStudies } from '../engine/list-studies.js';
import { listOptimal } from '../engine/optimal.js';
import { getStudy } from '../engine/queries.js';
import { watch } from '../engine/watch.js';
import type { StudyServiceServer } from '../gen/wazir/v1/study.js';
import { checkRequestId } from './check-request-id.js';
import { serverStream, unary, type HandlerParts } from './handler.js';

export function studyService(engine: Engine, parts: HandlerParts): StudyServiceServer {
  return {
    createStudy: unary(parts, async (request) => {
      checkRequestId(request);
      return createStudy(engine, parseOwner('parent', request.parent), request);
    }),

    getStudy: unary(parts, async ({ name }) => getStudy(await engine.study(parseStudyName('name', name)))),

    listStudies: unary(parts, async (request, { reach }) =>
      listStudies(engine, parseOwner('parent', request.parent), request, engine.pageTokens(reach)),
    ),

    updateStudy: unary(parts, async (request) => {
      checkRequestId(request);
      if (!request.study) throw invalid('study', 'must be set');
      return updateStudy(await engine.study(parseStudyName('study.name', request.study.name)), request);
    }),

    deleteStudy: unary(parts, async (request) => {
      checkRequestId(request);
      return deleteStudy(engine, parseStudyName('name', request.name), request);
    }),

    listOptimalTrials: unary(parts, async ({ parent }, { signal }) => ({
      trials: await listOptimal(await engine.study(parseStudyName('parent', parent)), signal),
    })),

    watchStudy: serverStream(parts, async function* (request, { signal }) {
      const name = parseStudyName('name', request.name);
      if (request.afterSequence < 0) throw invalid('after_sequence', 'must not be negative');
      const place = engine.streams.takeFor(name.owner);
      try {
        yield* watch(await engine.study(name, request.studyUid), request.afterSequence, signal);
      } finally {
        place.leave();
      }
    }),

    listAlgorithms: unary(parts, async () => listAlgorithms()),
  };
}
