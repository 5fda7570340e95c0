/** Does a call take longer in a study of a million trials? */
import type { Experiment, Outcome } from './experiment.js';
import { power } from './figure.js';
import { latencyCurves, latencyFigures } from './latency-report.js';
import { ratioRow, takeTurns } from './latency-turns.js';
import { makeTemplate } from './seed/template.js';
import { writeStudies, type Mix } from './seed/write-studies.js';
import { startWazir, withServers } from './servers.js';
import type { Setting } from './setting.js';
import { WholeTrials } from './whole-trials.js';

/** Trials of a turn: half as many as the smallest study has. */
const trialsPerTurn = 500;
const usual = { warmUps: 3, rounds: 11 };
const quick = { warmUps: 0, rounds: 2 };

/** @param sizes rising numbers of trials; the last is held against the first */
export function latencyByTrials(mix: Mix, sizes: readonly number[]): Experiment {
  const kind = mix === 'finished' ? 'finished trials' : 'trials, 2 of 3 paused';
  return {
    name: `latency by ${kind}`,
    about: [
      'A server for each size, with the same study but for the number of its trials; asked in turns.',
      mix === 'finished'
        ? 'All trials have finished.'
        : 'Of three trials one has finished at the top, two wait paused in the first rung, as promotion leaves them.',
      `In a turn, ${trialsPerTurn} trials are suggested, reported and completed unmeasured, then as many measured,`,
      'four calls in flight. A report crosses a rung. Sizes that the turns together would make larger by more than',
      'a fifth have a fresh study for each turn.',
    ].join(' '),
    async run(setting) {
      const trials = setting.quick ? sizes.map((size) => Math.min(size, 60)) : sizes;
      return measure(setting, { mix, kind, sizes, trials });
    },
  };
}

interface Plan {
  readonly mix: Mix;
  readonly kind: string;
  /** As they are called, */
  readonly sizes: readonly number[];
  /** … and as they are. */
  readonly trials: readonly number[];
}

async function measure(setting: Setting, { mix, kind, sizes, trials }: Plan): Promise<Outcome> {
  const turns = setting.quick ? quick : usual;
  const each = setting.quick ? 20 : trialsPerTurn;
  const all = turns.warmUps + turns.rounds;
  const template = await makeTemplate(setting.directory());
  const seeds: { directory: string; names: readonly string[]; size: number }[] = [];
  for (const size of trials) {
    const directory = setting.directory();
    const studies = size > 5 * 2 * all * each ? 1 : all;
    const names = await writeStudies(directory, template, { studies, trials: size, mix });
    seeds.push({ directory, names, size });
  }
  const starts = seeds.map(
    ({ directory }) =>
      () =>
        startWazir(directory),
  );
  return withServers(starts, async (processes) => {
    const grown: WholeTrials[] = [];
    for (const [i, { names, size }] of seeds.entries())
      grown.push(
        await WholeTrials.begin(processes[i]!, names, each, mix === 'finished' ? size : Math.floor(size / 3)),
      );
    const took = await takeTurns(
      grown.map((one) => one.contender()),
      turns,
    );
    for (const one of grown) await one.verify();
    const resident = await Promise.all(processes.map((process) => process.residentBytes()));
    const suggests = took.get('suggest')!;
    const largeAndSmall = [suggests.at(-1)!, suggests[0]!] as const;
    const question = `suggest, ${power(sizes.at(-1)!)} ${kind} against ${power(sizes[0]!)}`;
    const x = { name: 'trials in the study', values: sizes };
    return {
      targets: [
        ratioRow(`${question}: median`, '<= 1.2', 'medianMs', largeAndSmall),
        ratioRow(`${question}: p99`, '<= 1.5', 'p99Ms', largeAndSmall),
      ],
      figures: latencyFigures('trials', sizes, took, resident),
      pictures: [
        latencyCurves(`Calls in studies of ${power(sizes[0]!)} to ${power(sizes.at(-1)!)} ${kind}`, x, took),
      ],
    };
  });
}
