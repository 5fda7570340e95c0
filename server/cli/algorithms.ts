import type { Command } from 'commander';
import type { Algorithm } from '../gen/wazir/v1/study.js';
import { clientCommand } from './client-command.js';
import { messageType } from './contract.js';
import { safeText } from './safe-text.js';
import type { Surroundings } from './surroundings.js';
import { toJson } from './to-json.js';

export function algorithms(surroundings: Surroundings): Command {
  const summary = 'list the samplers and schedulers that the server has';
  return clientCommand(surroundings, 'algorithms', summary, async (context) => {
    const found = await context.clients.studies.listAlgorithms({});
    if (context.json) {
      await context.printJson(toJson(messageType('ListAlgorithmsResponse'), found));
      return;
    }
    const { bold } = context.colours;
    await context.print(
      [
        bold('SAMPLERS: where points come from'),
        ...found.samplers.map(describe),
        '',
        bold('SCHEDULERS: how far each trial is trained'),
        ...found.schedulers.map(describe),
      ].join('\n'),
    );
  });
}

function describe({ name, summary, useWhen, needsResource, pausesTrials }: Algorithm): string {
  const needs = [
    ...(needsResource ? ['needs a resource'] : []),
    ...(pausesTrials ? ['pauses trials: workers resume from checkpoints, or train anew'] : []),
  ];
  const notes = [useWhen, ...needs].filter((note) => note !== '').map((note) => `      ${safeText(note)}`);
  return [`  ${safeText(name)}: ${safeText(summary)}`, ...notes].join('\n');
}
