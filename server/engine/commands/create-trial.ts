/** Adds a trial of a user's own: queued, or as a warm start. */
import { invalid, WazirError } from '../../domain/errors.js';
import { formatStudyName } from '../../domain/names.js';
import { TrialState } from '../../domain/spec.js';
import { arrange } from '../../domain/user-parameters.js';
import { StudyState, TrialSource, type CreateTrialRequest, Trial } from '../../gen/wazir/v1/trial.js';
import { toTimestamp } from '../clock.js';
import { newRecord, newTrial } from '../hand-out.js';
import { methods } from '../methods.js';
import { settle } from '../settle.js';
import type { Study } from '../study.js';
import { Transaction } from '../transaction.js';
import { checkFinal } from './complete.js';
import { checkLabels, checkMetadata, checkReason, checkRecordSize } from './check-annotations.js';

export async function createTrial(study: Study, request: CreateTrialRequest): Promise<Trial> {
  study.check();
  const given = request.trial;
  if (!given) throw invalid('trial', 'must be set');
  const point = study.space.toPoint(given.parameters, 'trial.parameters');
  checkLabels('trial.labels', given.labels);
  const of = { limits: study.limits, subject: formatStudyName(study.name) };
  checkMetadata('trial.metadata', given.metadata, of);
  checkRecordSize('trial', Trial.encode(given).finish().length, of);
  checkReason('trial.infeasible_reason', given.infeasibleReason);
  const infeasible = given.infeasibleReason !== '';
  const final = given.finalMeasurement;
  if (final) checkFinal(study, 'trial.final_measurement', final, !infeasible);
  const state = infeasible ? TrialState.INFEASIBLE : final ? TrialState.SUCCEEDED : TrialState.REQUESTED;
  return study.requests.once(study, methods.createTrial, request, async (record) => {
    if (state === TrialState.REQUESTED) checkQueue(study);
    if (study.isFull) throw study.full();
    const transaction = new Transaction(study);
    const id = study.nextTrial++;
    const queued = state === TrialState.REQUESTED;
    const live = transaction.create(
      newRecord(
        {
          ...newTrial(study, id),
          state,
          source: queued ? TrialSource.QUEUED : TrialSource.WARM_START,
          parameters: arrange(study.space, given.parameters, point),
          labels: given.labels,
          metadata: given.metadata,
          infeasibleReason: given.infeasibleReason,
          finalMeasurement: final,
          bestMeasurement: final,
          lastStep: final?.step ?? 0,
          endTime: queued ? undefined : toTimestamp(study.clock.wall()),
        },
        point,
      ),
    );
    if (queued) {
      study.queue.add(id);
      study.counted++;
    }
    settle(transaction);
    const answer = transaction.commit(() => transaction.answerOf(live), record);
    study.waiters.serve();
    return answer;
  });
}

function checkQueue(study: Study): void {
  if (study.state === StudyState.COMPLETED)
    throw new WazirError(
      'STUDY_COMPLETED',
      'the study is COMPLETED and hands out no trials; raise its limits, or give a final_measurement',
      { resource: formatStudyName(study.name) },
    );
  if (!study.hasRoom)
    throw new WazirError(
      'LIMIT_EXCEEDED',
      `limits.max_trials = ${study.spec.limits!.maxTrials} are created; raise the limit to queue more`,
      {
        metadata: { limit: 'max_trials', max: String(study.spec.limits!.maxTrials) },
        resource: formatStudyName(study.name),
      },
    );
}
