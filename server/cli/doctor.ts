import { Command } from 'commander';
import type { Finding, Report } from '../doctor/examine.js';
import type { Repaired } from '../doctor/repair.js';
import { ExitCode } from './exit-code.js';
import { Failure } from './failure.js';
import { write } from './output.js';
import { safeJson, safeText } from './safe-text.js';
import { dataFailure } from './start-failure.js';
import type { Surroundings } from './surroundings.js';

/** Keys that were lost are named up to so many; JSON has them all. */
const namedAtMost = 20;

/** `wazir doctor`: works on files alone, and asks no server. */
export function doctor(surroundings: Surroundings): Command {
  const command = new Command('doctor')
    .description('check everything that must hold of a data directory that no server uses; changes nothing')
    .requiredOption('--data <directory>', 'the data directory')
    .option(
      '--repair',
      'let LevelDB repair the database, after a copy of its files was made beside it, and check again',
    )
    .option('--json', 'print JSON, for programs');
  return command.action(async () => {
    const options = command.opts<{ data: string; repair?: boolean; json?: boolean }>();
    const { data } = options;
    // Here, not at the top: client commands have no use for the whole server.
    const { examine } = await import('../doctor/examine.js');
    const { repair } = await import('../doctor/repair.js');
    const run = async () => {
      if (options.repair !== true) return { report: await examine(data), repaired: undefined };
      const repaired = await repair(data, new Date());
      return { report: repaired.report, repaired };
    };
    const { report, repaired } = await run().catch((error: unknown) => {
      throw dataFailure(error);
    });
    const text = options.json
      ? safeJson(
          JSON.stringify({
            data,
            ...report,
            ...(repaired ? { repaired: { ...repaired, report: undefined } } : {}),
          }),
        )
      : [...(repaired ? repairLines(repaired) : []), ...reportLines(data, report)].map(safeText).join('\n');
    await write(surroundings.stdout, `${text}\n`);
    const count = report.findings.length + report.more;
    if (count > 0)
      throw new Failure(
        ExitCode.findings,
        `${data}: ${count} ${count === 1 ? 'thing is' : 'things are'} wrong`,
      );
    if (repaired?.lost?.length)
      throw new Failure(
        ExitCode.findings,
        `${data}: ${repaired.lost.length} records were lost by the repair`,
      );
  });
}

function* reportLines(
  data: string,
  { findings, more, studies, trials, measurements }: Report,
): Generator<string> {
  for (const finding of findings) yield line(finding);
  if (more > 0) yield `and ${more} more`;
  const wrong = findings.length === 0 ? ', nothing is wrong' : '';
  yield `${data}: ${studies} studies, ${trials} trials, ${measurements} measurements${wrong}`;
}

function line({ check, study, record, what }: Finding): string {
  return [`${check}:`, study, record, what].filter((part) => part !== undefined).join(' ');
}

function* repairLines({ copy, lost, setAside, told }: Repaired): Generator<string> {
  yield `the database's files as they were: ${copy}`;
  for (const name of setAside) yield `set aside: ${name}`;
  for (const words of told) yield `LevelDB: ${words}`;
  if (lost === undefined) yield 'not all could be read before, so what was lost is not known by name';
  else {
    for (const key of lost.slice(0, namedAtMost)) yield `lost: ${key}`;
    if (lost.length > namedAtMost) yield `lost: ${lost.length - namedAtMost} more records`;
    if (lost.length === 0) yield 'no record was lost that could be read before';
  }
}
