/** Deletes a study: its name at once, its records in the background. */
import { WazirError } from '../../domain/errors.js';
import { formatStudyName, type StudyName } from '../../domain/names.js';
import { studyNotFound } from '../../domain/not-found.js';
import { Empty } from '../../gen/google/protobuf/empty.js';
import { PurgeRecord } from '../../gen/wazir/internal/v1/records.js';
import type { DeleteStudyRequest } from '../../gen/wazir/v1/study.js';
import { keys } from '../../store/keys.js';
import type { Engine } from '../engine.js';
import { methods } from '../methods.js';

export function deleteStudy(engine: Engine, name: StudyName, request: DeleteStudyRequest): Promise<Empty> {
  return engine.requests.once(name.owner, methods.deleteStudy, request, (recordAnswer) =>
    engine.withName(name, async () => {
      const study = await engine.study(name);
      const uncount = await engine.studyCount.deletion(name.owner);
      await study.settled();
      study.check();
      const full = formatStudyName(name);
      const answer = Empty.fromPartial({});
      const before = study.sequence;
      const sequence = before + 1;
      // From here on nobody changes it any more, whether the commit succeeds or drops all.
      study.gone = beingDeleted(full);
      const deleted = engine.store.commit({
        studyUid: study.uid,
        epoch: study.epoch,
        expectedSequence: before,
        sequence,
        makesSpace: true,
        ops: [
          { type: 'del', key: keys.name(name.owner, name.study) },
          { type: 'del', key: keys.study(study.uid) },
          {
            type: 'put',
            key: keys.purge(study.uid),
            value: PurgeRecord.encode({ name: full }).finish(),
          },
          ...recordAnswer(answer),
        ],
      });
      try {
        await deleted;
        uncount();
        // Only now: who waits is told what is so, not what may still fail.
        engine.drop(study, studyNotFound(name));
      } catch (error) {
        // The study is still there, to be loaded anew.
        engine.drop(study, beingDeleted(full));
        throw error;
      } finally {
        engine.forget(study);
      }
      engine.purge.start(study.uid, full, sequence);
      return answer;
    }),
  );
}

function beingDeleted(full: string): WazirError {
  return new WazirError('STORE_UNAVAILABLE', `${full} is being deleted; ask again`, {
    retryAfterSeconds: 0.1,
  });
}
