import type { Command } from 'commander';
import { StudyState } from '../gen/wazir/v1/trial.js';
import type { Study, StudyProgress } from '../gen/wazir/v1/study.js';
import { clientCommand } from './client-command.js';
import { messageType } from './contract.js';
import { lastId, ownerName } from './names.js';
import { eachPage } from './pages.js';
import { safeText } from './safe-text.js';
import { showTime } from './show.js';
import type { Surroundings } from './surroundings.js';
import { table } from './table.js';
import { toJson } from './to-json.js';

export function studyList(surroundings: Surroundings): Command {
  return clientCommand(surroundings, 'list', "list an owner's studies", async (context) => {
    const parent = ownerName(context.owner);
    const studies: Study[] = [];
    const list = context.clients.studies.listStudies;
    for await (const page of eachPage((pageToken) => list({ parent, pageSize: 1_000, pageToken }))) {
      studies.push(...page.studies);
    }
    if (context.json) {
      await context.printJson({ studies: studies.map((study) => toJson(messageType('Study'), study)) });
    } else if (studies.length === 0) {
      await context.print(`${safeText(parent)} has no studies`);
    } else {
      const { bold } = context.colours;
      const head = ['STUDY', 'STATE', 'TRIALS', 'RUNNING', 'ENDED', 'SPENT', 'CREATED'].map(bold);
      await context.print(table(head, studies.map(row)));
    }
  });
}

function row({ name, state, progress, createTime }: Study): string[] {
  const { all, running, ended } = counts(progress);
  return [
    safeText(lastId(name)),
    StudyState[state] ?? String(state),
    String(all),
    String(running),
    String(ended),
    String(progress?.resourceSpent ?? 0),
    showTime(createTime) ?? '',
  ];
}

/** A study's trials: all of them, those at workers, and those that have ended. */
export function counts(progress: StudyProgress | undefined): { all: number; running: number; ended: number } {
  if (progress === undefined) return { all: 0, running: 0, ended: 0 };
  const running = progress.active + progress.stopping;
  const ended = progress.succeeded + progress.stopped + progress.infeasible + progress.failed;
  return { all: progress.requested + progress.paused + running + ended, running, ended };
}
