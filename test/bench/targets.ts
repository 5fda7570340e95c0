/** What a target asks for: `>= 0.80`, `<= 600 B`. The unit, where there is one, is the row's too. */
import type { TargetRow } from './target-row.js';

const form = /^(>=|<=) (\d+(?:\.\d+)?)( .+)?$/;

interface Target {
  readonly isAtLeast: boolean;
  readonly bound: number;
  /** With the blank before it; empty for a ratio. */
  readonly unit: string;
}

function parseTarget(target: string): Target {
  const [, relation, bound, unit = ''] = form.exec(target) ?? [];
  if (bound === undefined) throw new Error(`a target is written like ">= 0.80" or "<= 5 s", not "${target}"`);
  return { isAtLeast: relation === '>=', bound: Number(bound), unit };
}

/** Whether the median keeps to the target. */
export function isMet({ ratio, target }: TargetRow): boolean {
  const { isAtLeast, bound } = parseTarget(target);
  return isAtLeast ? ratio >= bound : ratio <= bound;
}

/** The unit of a row's figures, with a blank before it; empty for a ratio. */
export function unitOf({ target }: TargetRow): string {
  return parseTarget(target).unit;
}
