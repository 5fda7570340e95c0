import type { Picture } from './picture.js';
import type { Setting } from './setting.js';
import type { TargetRow } from './target-row.js';

/** A table of the results, beside that of the targets. */
export interface Figures {
  readonly head: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

/** What came of an experiment; anything may be empty. */
export interface Outcome {
  readonly targets?: readonly TargetRow[];
  readonly figures?: Figures;
  readonly pictures?: readonly Picture[];
  /** Something that the reader must know of this run, such as a tool that was missing. */
  readonly remark?: string;
}

/** One question that the benchmark puts. */
export interface Experiment {
  /** By which `--only` finds it. */
  readonly name: string;
  /** Heading in the results, where it is not the name. Experiments that share one have tables with the same columns. */
  readonly chapter?: string;
  /** For the results: what is asked, of what, how. */
  readonly about: string;
  run(setting: Setting): Promise<Outcome>;
}

/** An experiment of which a function gives the rows in the table of targets, and no more. */
export function rowsOf(
  name: string,
  about: string,
  measure: (options: { quick: boolean; directory: string }) => Promise<TargetRow[]>,
): Experiment {
  return {
    name,
    about,
    run: async (setting) => ({
      targets: await measure({ quick: setting.quick, directory: setting.directory() }),
    }),
  };
}
