/**
 * Plays a history to a study by what the study itself shows, and tells what came of
 * each command in a form in which studies of different names are equal.
 */
import { WazirError } from '../../server/domain/errors.js';
import { hasEnded } from '../../server/domain/trial.js';
import { armExpiry } from '../../server/engine/expiry.js';
import { StudyState, TrialState, type Trial } from '../../server/gen/wazir/v1/trial.js';
import type { Command, UserCommand } from './engine-history.js';
import { measurementOf, type Held, type StudyDriver } from './study-driver.js';

type Playable = Exclude<Command | UserCommand, { kind: 'restart' | 'pass' }>;

/** What a command has brought: an answer, or the reason of a refusal. */
export async function outcomeOf(study: StudyDriver, command: Playable): Promise<unknown> {
  try {
    return anonymous(await run(study, command));
  } catch (error) {
    if (error instanceof WazirError) return error.reason;
    throw error;
  }
}

/** All that can be read of a study. */
export async function everythingOf(study: StudyDriver): Promise<unknown> {
  const [message, trials, optimal] = [await study.get(), await study.trials(), await study.optimal()];
  const measurements = await Promise.all(trials.map(({ id }) => study.measurements(id, true)));
  return anonymous([message, trials, optimal, measurements]);
}

async function run(study: StudyDriver, command: Playable): Promise<unknown> {
  const trials = await study.trials();
  const live = trials.filter(({ state }) => !hasEnded(state));
  const held = live.filter(({ attempts }) => attempts > 0);
  const holdAt = ({ pick, paused }: { pick: number; paused?: boolean }) => {
    const of = held.filter(({ state }) => paused === undefined || paused === (state === TrialState.PAUSED));
    const trial = chosen(of, pick);
    return trial && { trial, hold: { trial: trial.id, attempt: trial.attempts } };
  };
  switch (command.kind) {
    case 'ask':
      return study.ask(`w${command.client}`, { recover: command.recover, count: 1 + (command.client % 2) });
    case 'report': {
      const it = holdAt(command);
      const metrics = { ...(command.ranked ? { loss: command.loss } : {}), time: 1 };
      return it && study.report(it.hold, stepOf(it.trial, command.where), metrics);
    }
    case 'again': {
      const trial = chosen(trials, command.pick);
      const known = trial && chosen(await study.measurements(trial.id, true), command.which);
      if (!known) return undefined;
      const metrics = Object.fromEntries(known.metrics.map(({ name, value }) => [name, value]));
      return study.report({ trial: trial.id, attempt: known.attempt }, known.step, metrics);
    }
    case 'stale': {
      const it = holdAt(command);
      return it && study.renew({ ...it.hold, attempt: it.hold.attempt - 1 });
    }
    case 'release':
    case 'renew': {
      const it = holdAt(command);
      if (!it) return undefined;
      const checkpoint = command.saves && it.trial.lastStep > 0 ? it.trial.lastStep : undefined;
      return command.kind === 'renew' ? study.renew(it.hold, checkpoint) : study.release(it.hold, checkpoint);
    }
    case 'complete': {
      const it = holdAt(command);
      return it && complete(study, it.hold, command.how);
    }
    case 'stop':
      return live.length > 0 && study.stop(chosen(live, command.pick)!.id);
    case 'queue':
      return study.add({ parameters: [parameter(command.x)] });
    case 'warm': {
      const finalMeasurement = measurementOf(1, { loss: command.loss });
      return study.add({ parameters: [parameter(command.x)], finalMeasurement });
    }
    case 'delete':
      return trials.length > 0 && study.remove(chosen(trials, command.pick)!.id);
    case 'annotate': {
      const metadata = { key: 'k', value: { $case: 'text', value: String(command.pick) } } as const;
      return study.annotate([{ trial: chosen(trials, command.pick)?.id ?? 0, metadata }]);
    }
    case 'limit': {
      const { maxTrials, maxTotalResource } = command;
      const paths = ['spec.limits.max_trials', 'spec.limits.max_total_resource'];
      return study.update({ spec: { limits: { maxTrials, maxTotalResource } } }, paths);
    }
    case 'pause':
      return study.update({ state: command.on ? StudyState.PAUSED : StudyState.ACTIVE });
  }
}

function complete(study: StudyDriver, hold: Held, how: 'ended' | 'failed' | 'infeasible'): Promise<Trial> {
  if (how === 'failed') return study.fail(hold);
  if (how === 'infeasible') return study.infeasible(hold);
  return study.complete(hold, { finalMeasurement: measurementOf(0, { loss: 0 }) });
}

function stepOf({ lastStep, scheduling }: Trial, where: string): number {
  const target = scheduling?.target ?? 1;
  if (where === 'next') return lastStep + 1;
  if (where === 'low') return Math.max(lastStep - 1, 0);
  return where === 'target' ? target : target * 4;
}

function parameter(x: number) {
  return { name: 'x', value: { kind: { $case: 'doubleValue', value: x } } } as const;
}

function chosen<T>(among: readonly T[], at: number): T | undefined {
  return among[at % Math.max(among.length, 1)];
}

/** What differs between a study and its twin, or before and after its encoding. */
function anonymous(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(anonymous);
  // The encoding knows no −0.
  if (typeof value === 'number') return value + 0;
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).filter(([key, it]) => it !== undefined && !isOwn(key, it));
  return Object.fromEntries(entries.map(([key, it]) => [key, anonymous(it)]));
}

function isOwn(key: string, it: unknown): boolean {
  if (key === 'uid' || key === 'studyUid') return true;
  return key === 'name' && String(it).startsWith('owners/');
}

/** Renews all leases of a study without a call of their workers: what a restart does to them. */
export async function renewAll(driver: StudyDriver): Promise<void> {
  const study = await driver.study();
  const now = study.clock.monotonic();
  const held = [...study.leases.all(), ...study.saving.all()].map(({ trial }) => trial);
  for (const id of held.sort((a, b) => a - b)) {
    study.leases.renew(id, now, true);
    study.saving.renew(id, now, true);
    const live = study.trials.get(id)!;
    if (live.trial.state === TrialState.PAUSED) study.refreshReady(live);
  }
  armExpiry(study);
}
