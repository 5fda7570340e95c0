import type { Command } from 'commander';
import { clientCommand } from './client-command.js';
import { messageType } from './contract.js';
import { studyName } from './names.js';
import { safeText } from './safe-text.js';
import { showMetrics, showParameters } from './show.js';
import type { Surroundings } from './surroundings.js';
import { table } from './table.js';
import { toJson } from './to-json.js';

export function best(surroundings: Surroundings): Command {
  const summary = "show a study's best trial, or its Pareto set where it has several metrics";
  return clientCommand(surroundings, 'best <study>', summary, async (context, [given]) => {
    const parent = studyName(given!, context.owner);
    const { trials } = await context.clients.studies.listOptimalTrials({ parent });
    if (context.json) {
      await context.printJson({ trials: trials.map((trial) => toJson(messageType('Trial'), trial)) });
    } else if (trials.length === 0) {
      await context.print(`no trial of ${safeText(parent)} has a value yet`);
    } else {
      const head = ['TRIAL', 'METRICS', 'STEP', 'PARAMETERS'].map(context.colours.bold);
      const rows = trials.map(({ id, finalMeasurement, bestMeasurement, parameters }) => {
        const measurement = finalMeasurement ?? bestMeasurement;
        const step = String(measurement?.step ?? '');
        return [String(id), showMetrics(measurement), step, showParameters(parameters)];
      });
      await context.print(table(head, rows));
    }
  });
}
