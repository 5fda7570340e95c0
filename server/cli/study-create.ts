import { readFile } from 'node:fs/promises';
import { text } from 'node:stream/consumers';
import type { Command } from 'commander';
import { Study } from '../gen/wazir/v1/study.js';
import { clientCommand } from './client-command.js';
import { messageType } from './contract.js';
import { ExitCode } from './exit-code.js';
import { Failure } from './failure.js';
import { ownerName } from './names.js';
import { safeText } from './safe-text.js';
import { readStudyFile, type StudyFile } from './study-file.js';
import type { Surroundings } from './surroundings.js';
import { toJson } from './to-json.js';

export function studyCreate(surroundings: Surroundings): Command {
  return clientCommand(surroundings, 'create', 'create a study from a file', async (context, _, options) => {
    const path = options['file'] as string;
    const file = readStudyFile(await sourceOf(path, surroundings), path === '-' ? 'standard input' : path);
    const studyId = (options['id'] as string | undefined) ?? file.id;
    let study: Study;
    try {
      study = await context.clients.studies.createStudy({
        parent: ownerName(context.owner),
        studyId,
        study: file.study,
        requestId: '',
      });
    } catch (error) {
      throw error instanceof Failure ? located(error, file) : error;
    }
    if (context.json) await context.printJson(toJson(messageType('Study'), study));
    else await context.print(`created ${safeText(study.name)}`);
  })
    .requiredOption('-f, --file <file>', 'the study, as YAML or JSON; - for standard input')
    .option('--id <id>', 'the id, instead of the one in the file');
}

async function sourceOf(path: string, { stdin }: Surroundings): Promise<string> {
  try {
    return await (path === '-' ? text(stdin) : readFile(path, 'utf8'));
  } catch (error) {
    throw new Failure(ExitCode.file, `can not read ${path}: ${(error as Error).message}`, { cause: error });
  }
}

/** What the server finds fault with, beside the line of the file that says it. */
function located(failure: Failure, file: StudyFile): Failure {
  const violations = failure.facts.violations?.map(({ field, description }) => {
    const place = file.locate(field);
    return place === undefined ? { field, description } : { place, field, description };
  });
  return violations === undefined
    ? failure
    : new Failure(failure.exitCode, failure.message, { ...failure.facts, violations });
}
