/** `single`: every trial is trained to the full resource, or to its CompleteTrial. */
import type { Scheduling, StudySpec } from '../../domain/spec.js';
import { crossed, failure } from './crossing.js';
import { firstPlace } from './place.js';
import type {
  Decision,
  Reported,
  Retirement,
  Scheduler,
  SchedulerKind,
  Score,
  Settlement,
} from './scheduler.js';
import { withSettings } from './settings.js';

class SingleScheduler implements Scheduler {
  /** @param max the maximum resource; undefined where the study has none: then there are no rungs */
  constructor(private readonly max: number | undefined) {}

  decide(canStart: boolean): Decision | undefined {
    return canStart ? { kind: 'start' } : undefined;
  }

  startTarget(): number {
    return this.max ?? 0;
  }

  start(): Scheduling {
    return firstPlace(0, 0, 0, this.startTarget());
  }

  promote(): never {
    throw new Error('single promotes nobody');
  }

  report(_trial: number, scheduling: Scheduling, step: number, score: Score): Reported {
    const results = this.max === undefined ? [] : crossed(scheduling, [this.max], step, score);
    if (results.length === 0) return { scheduling, verdict: 'continue' };
    return { scheduling: { ...scheduling, results }, verdict: 'complete' };
  }

  retire(_trial: number, scheduling: Scheduling, how: Retirement, sequence: number): Scheduling {
    const failed = how === 'failed' && this.max !== undefined ? failure(scheduling, sequence) : undefined;
    return failed === undefined ? scheduling : { ...scheduling, results: [failed] };
  }

  settle(): Settlement[] {
    return [];
  }

  restore(): void {
    // Trials do not depend on each other: there is nothing to know.
  }
}

export const single: SchedulerKind = {
  name: 'single',
  summary: 'Trains every trial to the full resource, or until it is completed.',
  useWhen: 'Training is cheap, or has no steps at which trials could be compared.',
  needsResource: false,
  pausesTrials: false,
  check: () => [],
  withDefaults: (spec: StudySpec) => withSettings(spec, { $case: 'single', value: {} }),
  create: (spec: StudySpec) => new SingleScheduler(spec.resource?.max),
};
