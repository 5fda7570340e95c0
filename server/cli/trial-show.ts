import type { Command } from 'commander';
import {
  RungResult_Kind,
  TrialEndReason,
  TrialSource,
  TrialState,
  type Assignment,
  type RungResult,
  type Scheduling,
  type Trial,
} from '../gen/wazir/v1/trial.js';
import type { Checkpoint, Measurement } from '../gen/wazir/v1/measurement.js';
import { clientCommand } from './client-command.js';
import { messageType } from './contract.js';
import { trialName } from './names.js';
import { safeText } from './safe-text.js';
import { showLabels, showMetrics, showNumber, showParameterValue, showTime } from './show.js';
import type { Surroundings } from './surroundings.js';
import { facts } from './table.js';
import { toJson } from './to-json.js';

export function trialShow(surroundings: Surroundings): Command {
  const usage = 'show <study> [trial]';
  const summary = 'show a trial: its study and number, or its full name';
  return clientCommand(surroundings, usage, summary, async (context, [given, number]) => {
    const trial = await context.clients.trials.getTrial({ name: trialName(given!, number, context.owner) });
    if (context.json) await context.printJson(toJson(messageType('Trial'), trial));
    else await context.print(describeTrial(trial));
  });
}

/** A trial in lines for people. */
export function describeTrial(trial: Trial): string {
  const why = trial.endReason === TrialEndReason.UNSPECIFIED ? '' : ` (${TrialEndReason[trial.endReason]})`;
  return facts([
    ['name', safeText(trial.name)],
    ['state', `${TrialState[trial.state]}${why}`],
    ['source', TrialSource[trial.source]],
    ...trial.parameters.map(
      ({ name, value }) => [`parameter ${safeText(name)}`, showParameterValue(value)] as const,
    ),
    ['final', measured(trial.finalMeasurement)],
    ['best', measured(trial.bestMeasurement)],
    ['infeasible', safeText(trial.infeasibleReason)],
    ['failure', safeText(trial.failureReason)],
    ['last step', String(trial.lastStep)],
    ['spent', String(trial.resourceSpent)],
    ['attempts', `${trial.attempts}, ${trial.expiries} expired`],
    ['worker', safeText(trial.clientId)],
    ['lent', lent(trial.assignment)],
    ['rung', place(trial.scheduling)],
    ['results', trial.scheduling?.results.map(result).join(', ')],
    ['checkpoint', checkpoint(trial.checkpoint)],
    ['labels', showLabels(trial.labels)],
    ['created', showTime(trial.createTime)],
    ['started', showTime(trial.startTime)],
    ['ended', showTime(trial.endTime)],
  ]);
}

function measured(measurement: Measurement | undefined): string | undefined {
  return measurement && `${showMetrics(measurement)} at step ${measurement.step}`;
}

function lent(assignment: Assignment | undefined): string | undefined {
  if (assignment === undefined) return undefined;
  const { attempt, fromResource, toResource, leaseExpireTime } = assignment;
  return `attempt ${attempt}, step ${fromResource} to ${toResource}, until ${showTime(leaseExpireTime)}`;
}

function place(scheduling: Scheduling | undefined): string | undefined {
  if (scheduling === undefined) return undefined;
  const { bracket, rung, target, promoted } = scheduling;
  return `${rung} of bracket ${bracket}, at step ${target}${promoted ? ', promoted' : ''}`;
}

function result({ rung, kind, loss }: RungResult): string {
  return `rung ${rung}: ${kind === RungResult_Kind.VALUE ? `loss ${showNumber(loss)}` : RungResult_Kind[kind]}`;
}

function checkpoint(given: Checkpoint | undefined): string | undefined {
  return given && `step ${given.step}: ${safeText(given.uri)}`;
}
