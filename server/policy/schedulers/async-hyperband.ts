/** `async_hyperband`: ASHA in several brackets at once (ASHA paper, section 3.3). */
import { HyperbandRounding, type StudySpec } from '../../domain/spec.js';
import { AshaBracket } from './asha-bracket.js';
import { AsynchronousScheduler } from './asynchronous.js';
import { hyperbandSizes } from './hyperband-sizes.js';
import { deepest, ladderOf } from './ladder.js';
import type { SchedulerKind } from './scheduler.js';
import { checkLadder, etaOf, resourceOf, settingsOf, withSettings } from './settings.js';
import { StoppingBracket } from './stopping-bracket.js';

const PATH = 'scheduler.async_hyperband';

function settings(spec: StudySpec) {
  const given = settingsOf(spec, 'asyncHyperband');
  return { eta: etaOf(given?.eta ?? 0), brackets: given?.brackets ?? 0, stopping: given?.stopping ?? false };
}

export const asyncHyperband: SchedulerKind = {
  name: 'async_hyperband',
  summary:
    'Runs ASHA in several brackets, from the most aggressive to plain training, in Hyperband’s proportions.',
  useWhen: 'It is not known how early results tell which trial will be the best.',
  needsResource: true,
  pausesTrials: true,

  check(spec) {
    const { eta, brackets } = settings(spec);
    const violations = checkLadder(spec, PATH, eta);
    if (violations.length > 0) return violations;
    const all = deepest(resourceOf(spec), eta) + 1;
    if (brackets >= 0 && brackets <= all) return [];
    return [{ field: `${PATH}.brackets`, description: `must be from 1 to ${all}; 0 means all of them` }];
  },

  withDefaults(spec) {
    const { eta, brackets, stopping } = settings(spec);
    // A wrong eta has no ladder; `check` says so.
    const all = asyncHyperband.check(spec).length === 0 ? ladderOf(resourceOf(spec), eta).length : 0;
    return withSettings(spec, {
      $case: 'asyncHyperband',
      value: { eta, brackets: brackets || all, stopping },
    });
  },

  create(spec) {
    const { eta, brackets, stopping } = settings(spec);
    const ladder = ladderOf(resourceOf(spec), eta);
    const weights = hyperbandSizes(ladder.length - 1, eta, HyperbandRounding.ALGORITHM_1);
    const shares = weights.slice(0, brackets || weights.length).map((weight, number) => {
      const rungs = ladder.slice(number);
      const bracket = stopping
        ? new StoppingBracket(number, rungs, eta, 1)
        : new AshaBracket(number, rungs, eta);
      return { bracket, weight };
    });
    return new AsynchronousScheduler(0, shares);
  },
};
