/** `asha_stopping`: asynchronous successive halving by stopping. */
import type { StudySpec } from '../../domain/spec.js';
import { AsynchronousScheduler } from './asynchronous.js';
import { ladderOf } from './ladder.js';
import type { SchedulerKind } from './scheduler.js';
import {
  checkBracket,
  checkCount,
  checkLadder,
  etaOf,
  resourceOf,
  settingsOf,
  withSettings,
} from './settings.js';
import { StoppingBracket } from './stopping-bracket.js';

const PATH = 'scheduler.asha_stopping';

function settings(spec: StudySpec) {
  const given = settingsOf(spec, 'ashaStopping');
  return { eta: etaOf(given?.eta ?? 0), bracket: given?.bracket ?? 0, minSamples: given?.minSamples || 1 };
}

export const ashaStopping: SchedulerKind = {
  name: 'asha_stopping',
  summary: 'Trains on, and stops a trial at the first rung where it is not among the best 1/eta so far.',
  useWhen: 'Training can not be paused and resumed.',
  needsResource: true,
  pausesTrials: false,

  check(spec) {
    const { eta, bracket, minSamples } = settings(spec);
    const violations = checkLadder(spec, PATH, eta);
    if (violations.length === 0) violations.push(...checkBracket(spec, PATH, eta, bracket));
    return [...violations, ...checkCount(`${PATH}.min_samples`, minSamples)];
  },

  withDefaults: (spec) => withSettings(spec, { $case: 'ashaStopping', value: settings(spec) }),

  create(spec) {
    const { eta, bracket, minSamples } = settings(spec);
    const ladder = ladderOf(resourceOf(spec), eta).slice(bracket);
    const stopping = new StoppingBracket(bracket, ladder, eta, minSamples);
    return new AsynchronousScheduler(bracket, [{ bracket: stopping, weight: 1 }]);
  },
};
