import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { Command } from 'commander';
import { ExitCode } from './exit-code.js';
import { Failure } from './failure.js';
import { write } from './output.js';
import { safeJson, safeText } from './safe-text.js';
import { dataFailure } from './start-failure.js';
import type { Surroundings } from './surroundings.js';

/** `wazir restore`: works on files alone, and asks no server. */
export function restore(surroundings: Surroundings): Command {
  const command = new Command('restore')
    .description(
      'make a data directory out of a backup; stop all workers first: attempts that were handed out after ' +
        'the backup would be handed out again',
    )
    .argument('<file>', 'the backup')
    .requiredOption('--data <directory>', 'an empty or missing directory')
    .option('--json', 'print JSON, for programs');
  return command.action(async () => {
    const [file] = command.processedArgs as [string];
    const { data, json } = command.opts<{ data: string; json?: boolean }>();
    await checkFile(file);
    // Here, not at the top: other commands have no use for the store's parts.
    const { restoreBackup } = await import('../store/restore.js');
    const open = () => createReadStream(file, { highWaterMark: 2 ** 18 });
    const { header, id, entries } = await restoreBackup(open, data).catch((error: unknown) => {
      const { code, syscall, path, message } = error as NodeJS.ErrnoException;
      if (code !== undefined && syscall !== undefined && path === file)
        throw new Failure(ExitCode.file, `can not read ${file}: ${message}`, { cause: error });
      throw dataFailure(error);
    });
    const time = new Date(header.time!.seconds * 1000).toISOString();
    const text = json
      ? safeJson(JSON.stringify({ data, database: id, of: header.databaseId, time, entries }))
      : safeText(`${data}: ${entries} records as of ${time}, now database ${id}`);
    await write(surroundings.stdout, `${text}\n`);
  });
}

/** It is read twice: what can be read only once is no file for this. */
async function checkFile(file: string): Promise<void> {
  const found = await stat(file).catch((error: Error) => {
    throw new Failure(ExitCode.file, `can not read ${file}: ${error.message}`, { cause: error });
  });
  if (!found.isFile())
    throw new Failure(ExitCode.file, `can not restore from ${file}: it is not a regular file`);
}
