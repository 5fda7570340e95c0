/** The schedulers that there are. */
import type { SchedulerSpec, StudySpec } from '../../domain/spec.js';
import { asha } from './asha.js';
import { ashaStopping } from './asha-stopping.js';
import { asyncHyperband } from './async-hyperband.js';
import { hyperband } from './hyperband.js';
import type { SchedulerKind } from './scheduler.js';
import { single } from './single.js';
import { successiveHalving } from './successive-halving.js';

const byCase: Record<NonNullable<SchedulerSpec['kind']>['$case'], SchedulerKind> = {
  single,
  successiveHalving,
  hyperband,
  asha,
  ashaStopping,
  asyncHyperband,
};

/** All schedulers, in the order of the contract. */
export const schedulers: readonly SchedulerKind[] = Object.values(byCase);

/** The scheduler that a spec names; where it names none: ASHA if the resource has a range, else single. */
export function schedulerOf(spec: StudySpec): SchedulerKind {
  const kind = spec.scheduler?.kind;
  if (kind !== undefined) return byCase[kind.$case];
  const { resource } = spec;
  return resource !== undefined && Math.max(resource.min, 1) < resource.max ? asha : single;
}
