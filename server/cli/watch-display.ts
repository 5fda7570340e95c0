/** What `wazir watch` shows: bars on a terminal, a line a change elsewhere, a document a change with `--json`. */
import { StudyEndReason, StudyState, TrialEndReason, TrialState, type Trial } from '../gen/wazir/v1/trial.js';
import type { WatchStudyResponse } from '../gen/wazir/v1/study.js';
import type { ClientContext } from './client-command.js';
import { messageType } from './contract.js';
import { lastId } from './names.js';
import { safeText } from './safe-text.js';
import { showNumber } from './show.js';
import { counts } from './study-list.js';
import { toJson } from './to-json.js';
import type { WatchState } from './watch-state.js';

export interface WatchDisplay {
  /** A record has changed; the state has it already. */
  changed(message: WatchStudyResponse): Promise<void>;
  /** The connection is gone, or there again. */
  connected(yes: boolean): void;
  /** Shows the last state and gives the terminal back. */
  end(): Promise<void>;
}

/** Every message as it came. */
export function jsonDisplay({ printJson }: ClientContext): WatchDisplay {
  const type = messageType('WatchStudyResponse');
  return {
    changed: (message) => printJson(toJson(type, message)),
    connected: () => undefined,
    end: async () => undefined,
  };
}

/** A line a change that shows in a line. */
export function lineDisplay({ print, surroundings }: ClientContext, state: WatchState): WatchDisplay {
  // By trial; the study itself under 0.
  const printed = new Map<number, string>();
  let last = '';
  return {
    changed: async ({ record }) => {
      if (record === undefined) return;
      const [key, line] =
        record.$case === 'study' ? [0, studyLine(state)] : [record.value.id, trialLine(record.value, state)];
      if (printed.get(key) === line) return;
      printed.set(key, line);
      last = line;
      await print(line);
    },
    connected: (yes) => {
      surroundings.stderr.write(yes ? 'connected again\n' : 'connection lost; trying again\n');
    },
    end: async () => {
      const line = studyLine(state);
      if (state.completed && line !== last) await print(line);
    },
  };
}

/** `digits ACTIVE: 23 trials, 4 running, best accuracy=0.97 (trial 12), spent 230 epoch`. */
export function studyLine(state: WatchState): string {
  const { name, state: studyState, endReason, progress, spec } = state.study;
  const { all, running } = counts(progress);
  const why = endReason === StudyEndReason.UNSPECIFIED ? '' : ` (${StudyEndReason[endReason]})`;
  const best = state.best();
  const parts = [
    `${all} trials`,
    `${running} running`,
    ...(best === undefined
      ? []
      : [`best ${safeText(state.metric)}=${showNumber(best.value)} (trial ${best.trial})`]),
    ...(spec?.resource === undefined
      ? []
      : [`spent ${progress?.resourceSpent ?? 0} ${safeText(spec.resource.name)}`.trim()]),
  ];
  return `${safeText(lastId(name))} ${StudyState[studyState]}${why}: ${parts.join(', ')}`;
}

/** `trial 7 ACTIVE, rung 1 (to 9), step 3, accuracy=0.91`. */
export function trialLine(trial: Trial, state: WatchState): string {
  if (trial.deleted) return `trial ${trial.id} deleted`;
  const { scheduling, endReason, lastStep } = trial;
  const value = state.valueOf(trial);
  const why = endReason === TrialEndReason.UNSPECIFIED ? '' : ` (${TrialEndReason[endReason]})`;
  const parts = [
    `trial ${trial.id} ${TrialState[trial.state]}${why}`,
    ...(scheduling === undefined ? [] : [rungName(scheduling.rung, scheduling.target)]),
    ...(lastStep > 0 ? [`step ${lastStep}`] : []),
    ...(value === undefined ? [] : [`${safeText(state.metric)}=${showNumber(value)}`]),
  ];
  return parts.join(', ');
}

/** `rung 1 (to 9)`. */
export function rungName(rung: number, target: number | undefined): string {
  return target === undefined || target === 0 ? `rung ${rung}` : `rung ${rung} (to ${target})`;
}
