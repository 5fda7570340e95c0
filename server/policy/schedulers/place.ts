import type { Scheduling } from '../../domain/spec.js';

/**
 * The place of a trial that starts in a bracket.
 * @param target step of its first rung; 0 where the study has no resource
 */
export function firstPlace(round: number, bracket: number, slot: number, target: number): Scheduling {
  return { round, bracket, slot, rung: 0, target, results: [], viewSequence: 0, promoted: false };
}
