/** `hyperband`: synchronous successive halving over all brackets (Li et al. 2018, Algorithm 1). */
import { HyperbandRounding, type StudySpec } from '../../domain/spec.js';
import { hyperbandSizes } from './hyperband-sizes.js';
import { ladderOf } from './ladder.js';
import type { SchedulerKind } from './scheduler.js';
import {
  checkCount,
  checkLadder,
  etaOf,
  resourceOf,
  roundsOf,
  settingsOf,
  withSettings,
} from './settings.js';
import { SynchronousScheduler } from './synchronous.js';

const PATH = 'scheduler.hyperband';

function settings(spec: StudySpec) {
  const given = settingsOf(spec, 'hyperband');
  const rounding = given?.rounding || HyperbandRounding.ALGORITHM_1;
  return { eta: etaOf(given?.eta ?? 0), rounding, rounds: given?.rounds ?? 1 };
}

export const hyperband: SchedulerKind = {
  name: 'hyperband',
  summary: 'Runs successive halving in all brackets, from the most aggressive to plain training.',
  useWhen:
    'As successive halving, where it is not known how early results tell which trial will be the best.',
  needsResource: true,
  pausesTrials: true,

  check(spec) {
    const { eta, rounding, rounds } = settings(spec);
    const violations = [...checkLadder(spec, PATH, eta), ...checkCount(`${PATH}.rounds`, rounds)];
    if (rounding !== HyperbandRounding.ALGORITHM_1 && rounding !== HyperbandRounding.TABLE_1) {
      violations.push({
        field: `${PATH}.rounding`,
        description: 'must be ROUNDING_ALGORITHM_1 or ROUNDING_TABLE_1',
      });
    }
    return violations;
  },

  withDefaults: (spec) => withSettings(spec, { $case: 'hyperband', value: settings(spec) }),

  create(spec) {
    const { eta, rounding, rounds } = settings(spec);
    const ladder = ladderOf(resourceOf(spec), eta);
    const brackets = hyperbandSizes(ladder.length - 1, eta, rounding).map((size, bracket) => {
      return { bracket, ladder: ladder.slice(bracket), size };
    });
    return new SynchronousScheduler({ eta, brackets, rounds: roundsOf(rounds) });
  },
};
