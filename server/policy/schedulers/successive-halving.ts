/** `successive_halving`: synchronous successive halving, in one bracket. */
import type { StudySpec } from '../../domain/spec.js';
import { ceilOf, deepest, ladderOf, power } from './ladder.js';
import type { SchedulerKind } from './scheduler.js';
import {
  checkBracket,
  checkCount,
  checkLadder,
  etaOf,
  resourceOf,
  roundsOf,
  settingsOf,
  withSettings,
} from './settings.js';
import { SynchronousScheduler } from './synchronous.js';

const PATH = 'scheduler.successive_halving';

function settings(spec: StudySpec) {
  const given = settingsOf(spec, 'successiveHalving');
  const { bracket = 0, trials = 0, rounds = 1 } = given ?? {};
  return { eta: etaOf(given?.eta ?? 0), bracket, trials, rounds };
}

/** The fewest trials of which one is left at the maximum: eta^(s_max − bracket). */
function fewest(spec: StudySpec): number {
  const { eta, bracket } = settings(spec);
  return ceilOf(power(eta, deepest(resourceOf(spec), eta) - bracket), eta);
}

function trialsOf(spec: StudySpec): number {
  return settings(spec).trials || Math.max(fewest(spec), spec.limits?.maxTrials ?? 0);
}

export const successiveHalving: SchedulerKind = {
  name: 'successive_halving',
  summary: 'Trains a group of trials rung by rung and keeps the best 1/eta of each.',
  useWhen: 'Few workers of even speed, and decisions that do not depend on the order of reports.',
  needsResource: true,
  pausesTrials: true,

  check(spec) {
    const { eta, bracket, trials, rounds } = settings(spec);
    const violations = checkLadder(spec, PATH, eta);
    if (violations.length === 0) violations.push(...checkBracket(spec, PATH, eta, bracket));
    const ladderIsRight = violations.length === 0;
    violations.push(...checkCount(`${PATH}.rounds`, rounds));
    if (ladderIsRight && trials !== 0 && !(trials >= fewest(spec))) {
      const description = `must be at least ${fewest(spec)}, or nobody reaches the maximum; 0 means just that many`;
      violations.push({ field: `${PATH}.trials`, description });
    }
    return violations;
  },

  withDefaults(spec) {
    const given = settings(spec);
    // A wrong eta or bracket has no number of trials; `check` says so.
    const trials = successiveHalving.check(spec).length === 0 ? trialsOf(spec) : given.trials;
    return withSettings(spec, { $case: 'successiveHalving', value: { ...given, trials } });
  },

  create(spec) {
    const { eta, bracket, rounds } = settings(spec);
    const ladder = ladderOf(resourceOf(spec), eta).slice(bracket);
    const size = trialsOf(spec);
    return new SynchronousScheduler({ eta, brackets: [{ bracket, ladder, size }], rounds: roundsOf(rounds) });
  },
};
