import { open, rename, unlink } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Command } from 'commander';
import { BackupRequest, type BackupResponse } from '../gen/wazir/v1/admin.js';
import type { BackupSummary } from '../store/backup-reader.js';
import { clientCommand, type ClientContext } from './client-command.js';
import { ExitCode } from './exit-code.js';
import { Failure } from './failure.js';
import { writeBytes } from './output.js';
import { serverFailure } from './server-error.js';
import { dataFailure } from './start-failure.js';

type Pieces = AsyncGenerator<Uint8Array>;

export function backup(surroundings: Parameters<typeof clientCommand>[0]): Command {
  const summary = 'write a backup of everything, of a running server or of a data directory that none uses';
  return clientCommand(surroundings, 'backup', summary, async (context, _, options) => {
    const output = options['output'] as string;
    const data = options['data'] as string | undefined;
    if (output === '-' && surroundings.stdout.isTTY === true)
      throw new Failure(ExitCode.usage, '--output: a backup is not for a terminal; name a file');
    const pieces = data === undefined ? piecesOfServer(context) : await piecesOfDirectory(data);
    try {
      const done =
        output === '-'
          ? await checkedCopy(pieces, (piece) => writeBytes(surroundings.stdout, piece))
          : await writeFile(output, pieces);
      if (output !== '-') await tell(context, output, done);
    } catch (error) {
      throw dataFailure(error);
    }
  })
    .requiredOption(
      '-o, --output <file>',
      'the file; replaced only once the new one is whole. "-": standard output',
    )
    .option('--data <directory>', 'a data directory that no server uses, instead of a server');
}

async function tell({ json, print, printJson }: ClientContext, output: string, done: BackupSummary) {
  const { header, entries, entriesSha256 } = done;
  if (json)
    await printJson({ output, database: header.databaseId, epoch: header.epoch, entries, entriesSha256 });
  else await print(`${output}: ${entries} records of database ${header.databaseId}`);
}

/** Hands all pieces on; resolves where they made a whole backup. */
async function checkedCopy(
  pieces: Pieces,
  write: (piece: Uint8Array) => Promise<void>,
): Promise<BackupSummary> {
  // Here, not at the top: other commands have no use for the store's parts.
  const { readBackup } = await import('../store/backup-reader.js');
  const copy = async function* () {
    for await (const piece of pieces) {
      await write(piece);
      yield piece;
    }
  };
  return readBackup(copy());
}

async function writeFile(path: string, pieces: Pieces): Promise<BackupSummary> {
  const draft = `${path}.partial-${process.pid}`;
  try {
    const file = await open(draft, 'w', 0o600);
    let done: BackupSummary;
    try {
      done = await checkedCopy(pieces, async (piece) => {
        await file.writeFile(piece);
      });
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(draft, path);
    const directory = await open(dirname(path), 'r');
    await directory.sync().finally(() => directory.close());
    return done;
  } catch (error) {
    await unlink(draft).catch(() => undefined);
    const { code, syscall, message } = error as NodeJS.ErrnoException;
    if (code === undefined || syscall === undefined) throw error;
    throw new Failure(ExitCode.file, `can not write ${path}: ${message}`, { cause: error });
  }
}

async function* piecesOfServer({ clients, server, timeoutMs }: ClientContext): Pieces {
  const stream = clients.adminStreams.backup(BackupRequest.fromPartial({}));
  // Each piece has the time that an answer has, not all of them together.
  let late = false;
  const giveUp = () => {
    late = true;
    stream.cancel();
  };
  let timer = setTimeout(giveUp, timeoutMs);
  try {
    for await (const { data } of stream as AsyncIterable<BackupResponse>) {
      clearTimeout(timer);
      yield data;
      timer = setTimeout(giveUp, timeoutMs);
    }
  } catch (error) {
    if (late)
      throw new Failure(ExitCode.unreachable, `the server at ${server} sent nothing for ${timeoutMs} ms`);
    throw serverFailure(error as Parameters<typeof serverFailure>[0], server);
  } finally {
    clearTimeout(timer);
    stream.cancel();
  }
}

async function piecesOfDirectory(directory: string): Promise<Pieces> {
  const { backupDirectory } = await import('../store/backup-directory.js');
  return backupDirectory(directory, Date.now());
}
