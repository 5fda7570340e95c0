import { RungResultKind, type RungResult, type Scheduling } from '../../domain/spec.js';
import type { Score } from './scheduler.js';

/** The lowest rung in which a trial has no result. Results have no gaps: a report fills every rung below it. */
export function nextRung(scheduling: Scheduling): number {
  const last = scheduling.results.at(-1);
  return last === undefined ? 0 : last.rung + 1;
}

/** The result of a trial at a rung. */
export function resultAt(scheduling: Scheduling, rung: number): RungResult | undefined {
  return scheduling.results.find((result) => result.rung === rung);
}

/**
 * The results that a report brings: one for each rung at or below its step that
 * the trial has none in, all with the same loss and sequence.
 * @param ladder the steps of the bracket's rungs
 */
export function crossed(
  scheduling: Scheduling,
  ladder: readonly number[],
  step: number,
  score: Score,
): RungResult[] {
  const results: RungResult[] = [];
  for (let rung = nextRung(scheduling); rung < ladder.length && ladder[rung]! <= step; rung++) {
    // The kind says it all of a NaN; a NaN as the loss would not survive JSON and breaks comparisons.
    results.push(
      Number.isNaN(score.loss)
        ? { rung, kind: RungResultKind.NAN, loss: 0, sequence: score.sequence }
        : { rung, kind: RungResultKind.VALUE, loss: score.loss, sequence: score.sequence },
    );
  }
  return results;
}

/**
 * The failure of a trial at the rung that it was training towards, or undefined
 * where it has a result there already: a trial is recorded in a rung once.
 */
export function failure(scheduling: Scheduling, sequence: number): RungResult | undefined {
  const { rung } = scheduling;
  return nextRung(scheduling) > rung ? undefined : { rung, kind: RungResultKind.FAILED, loss: 0, sequence };
}
