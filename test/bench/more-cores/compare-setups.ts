import { median } from '../statistics.js';
import type { Setup } from './setups.js';
import { LoadedStudies, type Size } from './studies.js';
import { takeTurn, type Turn } from './turn.js';

export interface Pace {
  /** Turns of each before anything is measured. */
  readonly warmUps: number;
  readonly turns: number;
  /** Reports of a turn. */
  readonly reports: number;
}

export interface Row {
  readonly setup: string;
  /** Reports a second over those of the first setup in the same round; median, least and greatest. */
  readonly ratio: number;
  readonly low: number;
  readonly high: number;
  /** The medians of its turns. */
  readonly median: Turn;
}

/** Loads the setups in turns; fails where one did not keep what it acknowledged. */
export async function compareSetups(setups: readonly Setup[], size: Size, pace: Pace): Promise<Row[]> {
  const all: { setup: Setup; studies: LoadedStudies; turns: Turn[] }[] = [];
  for (const setup of setups) all.push({ setup, studies: await LoadedStudies.make(setup, size), turns: [] });
  for (const { studies } of all) for (let i = 0; i < pace.warmUps; i++) await studies.load(pace.reports)();
  for (let i = 0; i < pace.turns; i++) {
    // Who begins changes, so that what one leaves behind falls on all.
    for (let k = 0; k < all.length; k++) {
      const { setup, studies, turns } = all[(i + k) % all.length]!;
      turns.push(await takeTurn(setup, studies, pace.reports));
    }
  }
  for (const { studies } of all) await studies.close();
  return all.map(({ setup, turns }) => {
    const ratios = turns.map(({ perSecond }, i) => perSecond / all[0]!.turns[i]!.perSecond);
    return {
      setup: setup.name,
      ratio: median(ratios),
      low: Math.min(...ratios),
      high: Math.max(...ratios),
      median: medianTurn(turns),
    };
  });
}

function medianTurn(turns: readonly Turn[]): Turn {
  const of = (value: (turn: Turn) => number) => median(turns.map(value));
  const roles = Object.keys(turns[0]!.byRole);
  return {
    perSecond: of(({ perSecond }) => perSecond),
    server: of(({ server }) => server),
    busiest: of(({ busiest }) => busiest),
    client: of(({ client }) => client),
    byRole: Object.fromEntries(roles.map((role) => [role, of(({ byRole }) => byRole[role]!)])),
    foreignCores: of(({ foreignCores }) => foreignCores),
  };
}
