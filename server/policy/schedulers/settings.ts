/** What the settings of several schedulers have in common: defaults and checks. */
import type { Violation } from '../../domain/errors.js';
import type { SchedulerSpec, StudySpec } from '../../domain/spec.js';
import { deepest } from './ladder.js';

type Kind = NonNullable<SchedulerSpec['kind']>;
/** The settings messages of the schedulers by their case in `SchedulerSpec.kind`. */
type Settings = { [Case in Kind as Case['$case']]: Case['value'] };

/** The spec's settings for a scheduler; undefined where it names another or none. */
export function settingsOf<Case extends keyof Settings>(
  spec: StudySpec,
  name: Case,
): Settings[Case] | undefined {
  const kind = spec.scheduler?.kind;
  return kind?.$case === name ? (kind.value as Settings[Case]) : undefined;
}

/** The spec with these settings for its scheduler. */
export function withSettings(spec: StudySpec, kind: Kind): StudySpec {
  return { ...spec, scheduler: { kind } };
}

/** The reduction factor that a setting means: 0 is the default. */
export function etaOf(setting: number): number {
  return setting === 0 ? 3 : setting;
}

/** How many rounds a setting means: not set is 1; 0 is without end. */
export function roundsOf(setting: number | undefined): number {
  return setting === 0 ? Infinity : (setting ?? 1);
}

/** The resource, which every scheduler but `single` has. */
export function resourceOf(spec: StudySpec): NonNullable<StudySpec['resource']> {
  if (spec.resource === undefined) throw new Error('the spec has not been checked: no resource');
  return spec.resource;
}

/**
 * Checks what schedulers that compare trials at rungs need: a resource, and a
 * reduction factor.
 * @param path of the scheduler's settings, such as `scheduler.asha`
 */
export function checkLadder(spec: StudySpec, path: string, eta: number): Violation[] {
  const violations: Violation[] = [];
  if (spec.resource === undefined) {
    violations.push({
      field: 'resource',
      description: `must be set: ${path} compares trials by the resource spent`,
    });
  }
  // Written so that NaN fails.
  if (!(eta >= 2 && eta < Infinity)) {
    violations.push({
      field: `${path}.eta`,
      description: 'must be a finite number of at least 2; 0 means 3',
    });
  }
  return violations;
}

/** Checks a bracket's number. The spec has a resource and eta is right. */
export function checkBracket(spec: StudySpec, path: string, eta: number, bracket: number): Violation[] {
  const sMax = deepest(resourceOf(spec), eta);
  if (bracket >= 0 && bracket <= sMax) return [];
  const description = `must be from 0 to ${sMax}, the number of rungs below the maximum resource`;
  return [{ field: `${path}.bracket`, description }];
}

/** Checks a count of which 0 and more are right. */
export function checkCount(path: string, count: number): Violation[] {
  return Number.isSafeInteger(count) && count >= 0 ? [] : [{ field: path, description: 'must be 0 or more' }];
}
