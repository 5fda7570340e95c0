import type { Command } from 'commander';
import type { Duration } from '../gen/google/protobuf/duration.js';
import {
  MeasurementSelection,
  MetricGoal,
  type Study,
  type StudyLimits,
  type StudySpec,
} from '../gen/wazir/v1/study.js';
import { StudyEndReason, StudyState } from '../gen/wazir/v1/trial.js';
import { clientCommand } from './client-command.js';
import { messageType, snakeCase } from './contract.js';
import { studyName } from './names.js';
import { parameterRows } from './parameter-rows.js';
import { safeText } from './safe-text.js';
import { showDuration, showLabels, showTime } from './show.js';
import type { Surroundings } from './surroundings.js';
import { facts, table } from './table.js';
import { toJson } from './to-json.js';

export function studyShow(surroundings: Surroundings): Command {
  return clientCommand(surroundings, 'show <study>', 'show a study', async (context, [given]) => {
    const study = await context.clients.studies.getStudy({ name: studyName(given!, context.owner) });
    if (context.json) await context.printJson(toJson(messageType('Study'), study));
    else await context.print(describeStudy(study, context.colours.bold));
  });
}

/** A study in lines for people. */
export function describeStudy(study: Study, emphasise: (text: string) => string): string {
  const { spec, progress } = study;
  const ended = study.endReason === StudyEndReason.UNSPECIFIED ? '' : ` (${StudyEndReason[study.endReason]})`;
  const head = facts([
    ['name', safeText(study.name)],
    ['display name', safeText(study.displayName)],
    ['state', `${StudyState[study.state]}${ended}`],
    ['created', showTime(study.createTime)],
    ['ended', showTime(study.endTime)],
    ['labels', showLabels(study.labels)],
    ...(spec === undefined ? [] : specFacts(spec)),
    ['trials', progress && trials(progress as unknown as Readonly<Record<string, number>>)],
    ['spent', progress && `${progress.resourceSpent}, lent ${progress.resourceLent}`],
    ['reassigned', progress && String(progress.reassigned)],
  ]);
  if (spec === undefined) return head;
  const columns = ['PARAMETER', 'VALUES', 'SCALE', 'DEFAULT', 'WHEN'].map(emphasise);
  return `${head}\n\n${table(columns, parameterRows(spec.parameters))}`;
}

const stateNames = [
  'requested',
  'active',
  'paused',
  'stopping',
  'succeeded',
  'stopped',
  'infeasible',
  'failed',
];

function trials(progress: Readonly<Record<string, number>>): string {
  const some = stateNames.filter((state) => (progress[state] ?? 0) > 0);
  return some.length === 0 ? 'none' : some.map((state) => `${progress[state]} ${state}`).join(', ');
}

function specFacts(spec: StudySpec): [string, string | undefined][] {
  const { resource } = spec;
  return [
    ['metrics', spec.metrics.map(({ name, goal }) => `${safeText(name)} (${MetricGoal[goal]})`).join(', ')],
    ['resource', resource && `${safeText(resource.name)} ${resource.min} to ${resource.max}`],
    ['sampler', choice('SamplerSpec', spec.sampler)],
    ['scheduler', choice('SchedulerSpec', spec.scheduler)],
    ['limits', limits(spec.limits)],
    ['lease duration', showDuration(spec.leaseDuration)],
    ['final measurement', MeasurementSelection[spec.measurementSelection]],
    ['seed', spec.seed === undefined ? undefined : String(spec.seed)],
  ];
}

/** A sampler or scheduler with those of its settings that are set: `asha eta=3`. */
function choice(type: 'SamplerSpec' | 'SchedulerSpec', spec: object | undefined): string | undefined {
  if (spec === undefined) return undefined;
  const chosen = Object.entries(toJson(messageType(type), spec) as Readonly<Record<string, object>>);
  return chosen
    .map(([name, settings]) => [snakeCase(name), ...Object.entries(settings).flatMap(setting)].join(' '))
    .join();
}

function setting([name, value]: [string, unknown]): string[] {
  const unset = value === 0 || value === false || String(value).endsWith('_UNSPECIFIED');
  return unset ? [] : [`${snakeCase(name)}=${String(value)}`];
}

function limits(given: StudyLimits | undefined): string | undefined {
  const fields = Object.entries(given ?? {}) as [string, number | Duration | undefined][];
  const some = fields
    .map(([name, value]) => [name, typeof value === 'object' ? showDuration(value) : value] as const)
    .filter(([, value]) => value !== undefined && value !== 0);
  return some.map(([name, value]) => `${snakeCase(name)}=${value}`).join(' ');
}
