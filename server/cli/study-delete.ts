import { createInterface } from 'node:readline/promises';
import type { Command } from 'commander';
import { clientCommand } from './client-command.js';
import { studyName } from './names.js';
import { safeText } from './safe-text.js';
import { counts } from './study-list.js';
import type { Surroundings } from './surroundings.js';

export function studyDelete(surroundings: Surroundings): Command {
  const summary = 'delete a study with its trials and measurements';
  return clientCommand(surroundings, 'delete <study>', summary, async (context, [given], options) => {
    const name = studyName(given!, context.owner);
    const asks = surroundings.stdin.isTTY === true && surroundings.stderr.isTTY === true;
    if (asks && options['yes'] !== true) {
      const { all } = counts((await context.clients.studies.getStudy({ name })).progress);
      if (!(await confirmed(`delete ${safeText(name)} with ${all} trials? [y/N] `, surroundings))) {
        surroundings.stderr.write('nothing was deleted\n');
        return;
      }
    }
    await context.clients.studies.deleteStudy({ name, requestId: '' });
    if (context.json) await context.printJson({ deleted: name });
    else await context.print(`deleted ${safeText(name)}`);
  }).option('-y, --yes', 'do not ask; off a terminal nothing is ever asked');
}

async function confirmed(question: string, { stdin, stderr }: Surroundings): Promise<boolean> {
  const dialogue = createInterface({ input: stdin, output: stderr });
  try {
    return /^y(es)?$/i.test((await dialogue.question(question)).trim());
  } finally {
    dialogue.close();
  }
}
