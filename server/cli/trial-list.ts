import type { Command } from 'commander';
import { TrialState, type Trial } from '../gen/wazir/v1/trial.js';
import { clientCommand, collect } from './client-command.js';
import { messageType } from './contract.js';
import { ExitCode } from './exit-code.js';
import { Failure } from './failure.js';
import { studyName } from './names.js';
import { eachPage } from './pages.js';
import { safeText } from './safe-text.js';
import { showMetrics, showParameters } from './show.js';
import type { Surroundings } from './surroundings.js';
import { table } from './table.js';
import { toJson } from './to-json.js';

export function trialList(surroundings: Surroundings): Command {
  return clientCommand(
    surroundings,
    'list <study>',
    "list a study's trials",
    async (context, [given], options) => {
      const parent = studyName(given!, context.owner);
      const states = ((options['state'] as readonly string[] | undefined) ?? []).map(readState);
      const orderBy = options['newest'] === true ? 'id desc' : 'id';
      const limit = readLimit(options['limit']);
      const trials: Trial[] = [];
      const list = context.clients.trials.listTrials;
      const pageSize = Math.min(limit, 500);
      for await (const page of eachPage((pageToken) =>
        list({ parent, states, orderBy, pageSize, pageToken }),
      )) {
        trials.push(...page.trials);
        if (trials.length >= limit) break;
      }
      trials.splice(limit);
      if (context.json) {
        await context.printJson({ trials: trials.map((trial) => toJson(messageType('Trial'), trial)) });
      } else if (trials.length === 0) {
        await context.print(`${safeText(parent)} has no such trials`);
      } else {
        const { bold } = context.colours;
        const head = ['TRIAL', 'STATE', 'RUNG', 'STEP', 'ATTEMPTS', 'METRICS', 'PARAMETERS'].map(bold);
        await context.print(table(head, trials.map(row)));
      }
    },
  )
    .option('--state <state>', 'only trials in this state, such as active; repeatable', collect)
    .option('--newest', 'the newest first')
    .option('--limit <number>', 'at the most so many');
}

function readState(given: string): TrialState {
  const name = given.toUpperCase().replace(/^TRIAL_STATE_/, '');
  const state = TrialState[name as keyof typeof TrialState];
  const usable =
    typeof state === 'number' && state !== TrialState.UNSPECIFIED && state !== TrialState.UNRECOGNIZED;
  if (usable) return state;
  const names = Object.values(TrialState).filter((each) => typeof each === 'string');
  const known = names.filter((each) => each !== 'UNSPECIFIED' && each !== 'UNRECOGNIZED').join(', ');
  throw new Failure(ExitCode.usage, `--state: expected one of ${known.toLowerCase()}`);
}

function readLimit(given: unknown): number {
  if (given === undefined) return Number.POSITIVE_INFINITY;
  if (typeof given === 'string' && /^[1-9]\d*$/.test(given)) return Number(given);
  throw new Failure(ExitCode.usage, '--limit: expected a whole number from 1');
}

function row({ id, state, scheduling, lastStep, attempts, parameters, ...trial }: Trial): string[] {
  return [
    String(id),
    TrialState[state] ?? String(state),
    scheduling === undefined ? '' : String(scheduling.rung),
    String(lastStep),
    String(attempts),
    showMetrics(trial.finalMeasurement ?? trial.bestMeasurement),
    showParameters(parameters),
  ];
}
