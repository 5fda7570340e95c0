import { createLogUpdate } from 'log-update';
import type { ClientContext } from './client-command.js';
import { showNumber } from './show.js';
import { rungName, studyLine, type WatchDisplay } from './watch-display.js';
import type { RungProgress, WatchState } from './watch-state.js';

/** Milliseconds between two looks at the state: counting through all trials is not for every report. */
const refreshMs = 100;
/** Characters of a full bar. */
const barWidth = 30;

/** A line for the study and a bar for each rung, redrawn in place. */
export function barDisplay({ surroundings, colours }: ClientContext, state: WatchState): WatchDisplay {
  const update = createLogUpdate(surroundings.stdout as NodeJS.WriteStream);
  let timer: NodeJS.Timeout | undefined;
  let lost = '';

  const draw = () => {
    timer = undefined;
    const head = colours.bold(studyLine(state));
    update([head + lost, ...barLines(state.rungs()).map(colours.cyan)].join('\n'));
  };

  return {
    changed: async () => {
      timer ??= setTimeout(draw, refreshMs);
    },
    connected: (yes) => {
      lost = yes ? '' : colours.yellow(' connection lost; trying again');
      timer ??= setTimeout(draw, refreshMs);
    },
    end: async () => {
      clearTimeout(timer);
      draw();
      update.done();
    },
  };
}

/** A bar a rung, in columns: `rung 1 (to 9) ██████░░░░ 4/8 best 0.97`; with brackets where there are several. */
export function barLines(rungs: readonly RungProgress[]): string[] {
  const several = new Set(rungs.map(({ bracket }) => bracket)).size > 1;
  const names = rungs.map(({ bracket, rung, target }) => {
    const name = rungName(rung, target);
    return several ? `bracket ${bracket}, ${name}` : name;
  });
  const counts = rungs.map(({ done, entered }) => `${done}/${entered}`);
  const nameWidth = Math.max(0, ...names.map(({ length }) => length));
  const countWidth = Math.max(0, ...counts.map(({ length }) => length));
  return rungs.map(({ done, entered, best }, index) => {
    const full = entered === 0 ? 0 : Math.round((barWidth * Math.min(done, entered)) / entered);
    const bar = '█'.repeat(full) + '░'.repeat(barWidth - full);
    const shownBest = best === undefined ? '' : ` best ${showNumber(best)}`;
    return `${names[index]!.padEnd(nameWidth)} ${bar} ${counts[index]!.padStart(countWidth)}${shownBest}`;
  });
}
