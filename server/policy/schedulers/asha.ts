/** `asha`: asynchronous successive halving by promotion (ASHA paper, Algorithm 2). */
import type { StudySpec } from '../../domain/spec.js';
import { AshaBracket } from './asha-bracket.js';
import { AsynchronousScheduler } from './asynchronous.js';
import { ladderOf } from './ladder.js';
import type { SchedulerKind } from './scheduler.js';
import { checkBracket, checkLadder, etaOf, resourceOf, settingsOf, withSettings } from './settings.js';

function settings(spec: StudySpec) {
  const given = settingsOf(spec, 'asha');
  return { eta: etaOf(given?.eta ?? 0), bracket: given?.bracket ?? 0 };
}

export const asha: SchedulerKind = {
  name: 'asha',
  summary:
    'Promotes a trial as soon as it is among the best 1/eta of its rung (asynchronous successive halving).',
  useWhen: 'Many workers, training that can be resumed; the best general choice.',
  needsResource: true,
  pausesTrials: true,

  check(spec) {
    const { eta, bracket } = settings(spec);
    const violations = checkLadder(spec, 'scheduler.asha', eta);
    return violations.length > 0 ? violations : checkBracket(spec, 'scheduler.asha', eta, bracket);
  },

  withDefaults: (spec) => withSettings(spec, { $case: 'asha', value: settings(spec) }),

  create(spec) {
    const { eta, bracket } = settings(spec);
    const ladder = ladderOf(resourceOf(spec), eta).slice(bracket);
    return new AsynchronousScheduler(bracket, [
      { bracket: new AshaBracket(bracket, ladder, eta), weight: 1 },
    ]);
  },
};
