import type { Command } from 'commander';
import { parseDuration, durationForm } from '../duration.js';
import { Study, StudyLimits } from '../gen/wazir/v1/study.js';
import { StudyState } from '../gen/wazir/v1/trial.js';
import { clientCommand, collect, type Options } from './client-command.js';
import { camelCase, messageType, snakeCase } from './contract.js';
import { ExitCode } from './exit-code.js';
import { Failure } from './failure.js';
import { studyName } from './names.js';
import { safeText } from './safe-text.js';
import { readScalar } from './scalar-reader.js';
import type { Surroundings } from './surroundings.js';
import { toJson } from './to-json.js';

const states: Readonly<Record<string, StudyState>> = {
  active: StudyState.ACTIVE,
  paused: StudyState.PAUSED,
  completed: StudyState.COMPLETED,
};

export function studyUpdate(surroundings: Surroundings): Command {
  const summary = "change a study's limits, state, display name or labels";
  const command = clientCommand(
    surroundings,
    'update <study>',
    summary,
    async (context, [given], options) => {
      const { study, paths } = changes(options);
      if (paths.length === 0) throw new Failure(ExitCode.usage, 'nothing to change was given');
      study.name = studyName(given!, context.owner);
      const updated = await context.clients.studies.updateStudy({ study, updateMask: paths, requestId: '' });
      if (context.json) await context.printJson(toJson(messageType('Study'), updated));
      else await context.print(`updated ${safeText(updated.name)}: ${StudyState[updated.state]}`);
    },
  )
    .option('--state <state>', 'active, paused or completed')
    .option('--display-name <text>', 'a name for people')
    .option('--label <key=value>', 'set a label, or remove it with an empty value; repeatable', collect);
  // The limits that the contract has: a new one gets its option by itself.
  for (const [name, unset] of Object.entries(StudyLimits.fromPartial({}))) {
    const [value, none] = unset === undefined ? ['<duration>', '0s'] : ['<number>', '0'];
    const limit = snakeCase(name);
    command.option(`--${limit.replaceAll('_', '-')} ${value}`, `the limit ${limit}; ${none} for none`);
  }
  return command;
}

/** The study as it is to be, and the paths of the update mask, in one reading of the options. */
function changes(options: Options): { study: Study; paths: string[] } {
  const study = Study.fromPartial({});
  const paths: string[] = [];
  const state = options['state'];
  if (typeof state === 'string') {
    study.state =
      states[state.toLowerCase().replace(/^study_state_/, '')] ?? refuse('--state', Object.keys(states));
    paths.push('state');
  }
  const displayName = options['displayName'];
  if (typeof displayName === 'string') {
    study.displayName = displayName;
    paths.push('display_name');
  }
  for (const label of (options['label'] as readonly string[] | undefined) ?? []) {
    const at = label.indexOf('=');
    if (at < 1) refuse('--label', ['key=value']);
    study.labels[label.slice(0, at)] = label.slice(at + 1);
    if (!paths.includes('labels')) paths.push('labels');
  }
  const limits: Record<string, unknown> = {};
  for (const { name, type } of messageType('StudyLimits').fieldsArray) {
    const given = options[camelCase(name)];
    if (typeof given !== 'string') continue;
    limits[camelCase(name)] = type.endsWith('Duration')
      ? duration(name, given)
      : wholeNumber(name, type, given);
    paths.push(`spec.limits.${name}`);
  }
  study.spec = Study.fromPartial({ spec: { limits } }).spec;
  return { study, paths };
}

function wholeNumber(name: string, type: string, given: string): number {
  const read = readScalar(type, given);
  if (typeof read === 'number') return read;
  throw new Failure(
    ExitCode.usage,
    `--${name.replaceAll('_', '-')}: expected a whole number, got "${given}"`,
  );
}

function duration(name: string, given: string) {
  return parseDuration(given) ?? refuse(`--${name.replaceAll('_', '-')}`, [durationForm]);
}

function refuse(option: string, allowed: readonly string[]): never {
  throw new Failure(ExitCode.usage, `${option}: expected ${allowed.join(' or ')}`);
}
