import type { Damage, Study } from './damage.js';

/** What a damage is, and what is to be said of it: by which check, of which study, in which words. */
export interface DamageCase {
  readonly what: string;
  readonly damage: (damage: Damage, study: Study, directory: string) => Promise<unknown>;
  readonly study?: string;
  readonly check: string;
  readonly says: RegExp;
  /** Other checks that must see it too. */
  readonly also?: readonly string[];
}

/** Id of the study that is damaged, one of ASHA. */
export const damagedStudy = 'asha';

/** A number that is in use for nothing. */
export const far = 0xffffff;
