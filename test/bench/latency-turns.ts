/** Asks several servers the same, in turns, a few calls at a time: how long does a call take? */
import { drive, requestsOf, type Load } from './load.js';
import type { MeasuredProcess } from './measured-process.js';
import { percentile, spreadOf, type Spread } from './statistics.js';
import type { TargetRow } from './target-row.js';

export interface Contender {
  readonly process: MeasuredProcess;
  /** Before a turn, what is not measured. */
  readonly prime?: () => Promise<void>;
  /** What it is asked in a turn, one after the other; a load is made when the one before is answered. */
  readonly asks: ReadonlyMap<string, () => Load>;
}

/** What calls of one kind took in one turn. */
export interface Took {
  readonly medianMs: number;
  readonly p99Ms: number;
  /** Of the server, all its threads, a call. */
  readonly cpuMicros: number;
}

export type Measure = keyof Took;

/** By what was asked, the turns of each contender in the order of rounds. */
export type Turns = ReadonlyMap<string, readonly (readonly Took[])[]>;

/** @param warmUps rounds that are not measured */
export async function takeTurns(
  contenders: readonly Contender[],
  { warmUps, rounds }: { readonly warmUps: number; readonly rounds: number },
): Promise<Turns> {
  const turns = new Map<string, Took[][]>();
  for (let round = -warmUps; round < rounds; round++) {
    for (let i = 0; i < contenders.length; i++) {
      // Another begins each time, so that none is always behind the same one.
      const place = (i + round + warmUps) % contenders.length;
      const { process, prime, asks } = contenders[place]!;
      await prime?.();
      for (const [what, load] of asks) {
        const took = await ask(process, load());
        if (round < 0) continue;
        const all = turns.get(what) ?? contenders.map(() => []);
        turns.set(what, all);
        all[place]!.push(took);
      }
    }
  }
  return turns;
}

async function ask(process: MeasuredProcess, load: Load): Promise<Took> {
  const before = await process.cpuMicros();
  const { latencies } = await drive(process.port, load);
  const after = await process.cpuMicros();
  return {
    medianMs: percentile(latencies, 50),
    p99Ms: percentile(latencies, 99),
    cpuMicros: (after - before) / requestsOf(load),
  };
}

export function spreadOver(turns: readonly Took[], measure: Measure): Spread {
  return spreadOf(turns.map((took) => took[measure]));
}

/** What one contender took over what another took in the same rounds. */
export function ratioRow(
  question: string,
  target: string,
  measure: Measure,
  [large, small]: readonly [readonly Took[], readonly Took[]],
): TargetRow {
  const ratios = large.map((took, round) => took[measure] / small[round]![measure]);
  const { median: ratio, low, high } = spreadOf(ratios);
  return { question, ratio, low, high, target };
}
