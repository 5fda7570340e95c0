/** Creates a study. */
import { randomBytes, randomInt } from 'node:crypto';
import { invalid, WazirError } from '../../domain/errors.js';
import { formatOwner, formatStudyName, idFault, type StudyName } from '../../domain/names.js';
import { ChangeRecord, NameRecord, StudyRecord } from '../../gen/wazir/internal/v1/records.js';
import { Study as StudyMessage, type CreateStudyRequest } from '../../gen/wazir/v1/study.js';
import { StudyState } from '../../gen/wazir/v1/trial.js';
import { keys } from '../../store/keys.js';
import { toTimestamp } from '../clock.js';
import type { Engine } from '../engine.js';
import { makeStudy } from '../load.js';
import { methods } from '../methods.js';
import { completeSpec } from '../study-spec.js';
import { checkLabels, checkMetadata, checkRecordSize, type Annotated } from './check-annotations.js';
import { checkDisplayName } from './update-study.js';

export async function createStudy(
  engine: Engine,
  owner: string,
  request: CreateStudyRequest,
): Promise<StudyMessage> {
  const given = request.study;
  if (!given?.spec) throw invalid(given ? 'study.spec' : 'study', 'must be set');
  const fault = request.studyId === '' ? undefined : idFault(request.studyId);
  if (fault !== undefined) throw invalid('study_id', fault);
  // Drawn once and kept: what follows from it is the study's, not the process's.
  const of: Annotated = { limits: engine.limits, subject: formatOwner(owner) };
  const spec = completeSpec(given.spec, 'study.spec', randomInt(2 ** 47), of);
  checkDisplayName(given.displayName);
  checkLabels('study.labels', given.labels);
  checkMetadata('study.metadata', given.metadata, of);
  checkRecordSize('study', StudyMessage.encode(given).finish().length, of);
  return engine.requests.once(owner, methods.createStudy, request, async (recordAnswer) => {
    const name: StudyName = { owner, study: request.studyId || `study-${randomBytes(6).toString('hex')}` };
    return engine.withName(name, async () => {
      const { store, clock } = engine;
      if (await store.get(keys.name(owner, name.study)))
        throw new WazirError('STUDY_EXISTS', `${formatStudyName(name)} exists already`, {
          resource: formatStudyName(name),
        });
      const room = await engine.studyCount.reserve(owner);
      const uid = randomBytes(8).toString('hex');
      const message = StudyMessage.fromPartial({
        name: formatStudyName(name),
        uid,
        displayName: given.displayName,
        spec,
        state: StudyState.ACTIVE,
        createTime: toTimestamp(clock.wall()),
        labels: given.labels,
        metadata: given.metadata,
        sequence: 1,
      });
      const record = StudyRecord.fromPartial({ study: message });
      const study = makeStudy(engine.home, name, record);
      const view = study.messageView();
      const created = store.commit({
        studyUid: uid,
        epoch: study.epoch,
        expectedSequence: 0,
        sequence: 1,
        ops: [
          {
            type: 'put',
            key: keys.name(owner, name.study),
            value: NameRecord.encode({ uid }).finish(),
          },
          { type: 'put', key: keys.study(uid), value: StudyRecord.encode(record).finish() },
          { type: 'put', key: keys.change(uid, 1), value: ChangeRecord.encode({ trial: 0 }).finish() },
          ...recordAnswer(view),
        ],
      });
      try {
        await created;
      } catch (error) {
        room.giveBack();
        throw error;
      }
      engine.adopt(study);
      return view;
    });
  });
}
