/** The command line: which commands there are, and how it ends. */
import { readFileSync } from 'node:fs';
import { Command, CommanderError } from 'commander';
import picocolors from 'picocolors';
import { ConfigError } from '../config.js';
import { access } from './access.js';
import { algorithms } from './algorithms.js';
import { backup } from './backup.js';
import { best } from './best.js';
import { doctor } from './doctor.js';
import { ExitCode, exitCodeMeanings } from './exit-code.js';
import { exportStudy } from './export.js';
import { Failure } from './failure.js';
import { health } from './health.js';
import { restore } from './restore.js';
import { safeJson, safeText } from './safe-text.js';
import { serve } from './serve.js';
import { studyCreate } from './study-create.js';
import { studyDelete } from './study-delete.js';
import { studyList } from './study-list.js';
import { studyShow } from './study-show.js';
import { studyUpdate } from './study-update.js';
import { wantsColours, type Surroundings } from './surroundings.js';
import { trialList } from './trial-list.js';
import { trialShow } from './trial-show.js';
import { watch } from './watch.js';

/** Runs one command to its end. Resolves with the exit code; never rejects. */
export async function run(surroundings: Surroundings): Promise<ExitCode> {
  try {
    await program(surroundings).parseAsync(surroundings.arguments, { from: 'user' });
    return ExitCode.ok;
  } catch (error) {
    // Commander has printed its own messages, and help is no error.
    if (error instanceof CommanderError) return error.exitCode === 0 ? ExitCode.ok : ExitCode.usage;
    return report(error, surroundings);
  }
}

function program(surroundings: Surroundings): Command {
  const { stdout, stderr } = surroundings;
  const wazir = new Command('wazir')
    .description('Hyperparameter search over gRPC: a server, and commands to talk to one.')
    .version(version(), '--version')
    .addHelpText('after', `\nExit codes:\n${exitCodes()}`);
  const study = new Command('study').description('create, look at and change studies');
  for (const make of [studyCreate, studyList, studyShow, studyUpdate, studyDelete])
    study.addCommand(make(surroundings));
  const trial = new Command('trial').description("look at a study's trials");
  for (const make of [trialList, trialShow]) trial.addCommand(make(surroundings));
  wazir.addCommand(serve(surroundings)).addCommand(study).addCommand(trial);
  for (const make of [best, watch, exportStudy, algorithms, health, backup, restore, doctor, access])
    wazir.addCommand(make(surroundings));
  prepare(wazir);
  return wazir;

  /** Commander would write to the process and end it by itself. */
  function prepare(command: Command): void {
    command.exitOverride().configureOutput({
      writeOut: (text) => stdout.write(text),
      writeErr: (text) => stderr.write(text),
      outputError: (text, print) => print(safeText(text.trimEnd()).replace(/^error:/, 'wazir:') + '\n'),
      getOutHelpWidth: () => stdout.columns ?? 100,
      getErrHelpWidth: () => stderr.columns ?? 100,
      getOutHasColors: () => wantsColours(stdout, surroundings.environment),
      getErrHasColors: () => wantsColours(stderr, surroundings.environment),
    });
    for (const child of command.commands) prepare(child);
  }
}

/** `package.json` lies above `server/` in a checkout as above `dist/` in the package. */
function version(): string {
  const text = readFileSync(new URL('../../package.json', import.meta.url), 'utf8');
  return (JSON.parse(text) as { version: string }).version;
}

function exitCodes(): string {
  return exitCodeMeanings.map(([code, meaning]) => `  ${String(code).padStart(3)}  ${meaning}`).join('\n');
}

/** Says on standard error what went wrong; as one JSON document where the command was asked for JSON. */
function report(error: unknown, { arguments: given, stderr, environment }: Surroundings): ExitCode {
  const failure = error instanceof ConfigError ? new Failure(ExitCode.usage, error.message) : error;
  if (!(failure instanceof Failure)) {
    const stack = error instanceof Error ? (error.stack ?? error.message) : String(error);
    stderr.write(`wazir: this is a bug: ${stack}\n`);
    return ExitCode.internal;
  }
  const { exitCode, message, facts } = failure;
  // Ended by a signal, or nobody reads: there is nothing to say.
  if (message === '' || exitCode === ExitCode.brokenPipe) return exitCode;
  const { code, reason, metadata = {}, violations = [], hint } = facts;
  if (given.includes('--json')) {
    const document = { error: { exitCode, code, reason, message, metadata, violations } };
    stderr.write(`${safeJson(JSON.stringify(document))}\n`);
    return exitCode;
  }
  const { red } = picocolors.createColors(wantsColours(stderr, environment));
  const status =
    code === undefined
      ? ''
      : // Where the reason says no more than the code, once is enough.
        ` (${[...new Set([code, reason])].filter((part) => part !== undefined).join(', ')})`;
  const lines = [
    `${red('wazir:')} ${safeText(message)}${status}`,
    ...violations.map(({ place, field, description }) => {
      const parts = [place, field, description].filter((part) => part !== undefined && part !== '');
      return `  ${safeText(parts.join(': '))}`;
    }),
    ...(hint === undefined ? [] : [`  ${hint}`]),
  ];
  stderr.write(`${lines.join('\n')}\n`);
  return exitCode;
}
