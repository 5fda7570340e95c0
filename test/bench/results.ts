/** What a run of the benchmark writes: on the terminal, and RESULTS.md. */
import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { table } from '../../server/cli/table.js';
import type { Experiment, Figures, Outcome } from './experiment.js';
import { amount } from './figure.js';
import { machine } from './machine.js';
import type { Picture } from './picture.js';
import type { TargetRow } from './target-row.js';
import { isMet, unitOf } from './targets.js';

/** An experiment and what came of it. */
export interface Answered {
  readonly experiment: Experiment;
  readonly outcome: Outcome;
}

const pictures = 'pictures';

/** The rows of the table of targets, and how each stands. */
function targetFigures(answered: readonly Answered[]): Figures {
  return {
    head: ['question', 'median', 'low–high', 'target', ''],
    rows: answered.flatMap(({ outcome }) =>
      (outcome.targets ?? []).map((row) => [
        row.question,
        `${amount(row.ratio)}${unitOf(row)}`,
        `${amount(row.low)}–${amount(row.high)}`,
        row.target.replace('>=', '≥').replace('<=', '≤'),
        isMet(row) ? 'met' : 'not met',
      ]),
    ),
  };
}

interface Chapter {
  readonly heading: string;
  readonly about: string;
  readonly figures: Figures | undefined;
  readonly remarks: readonly string[];
  readonly pictures: readonly Picture[];
}

/** Neighbours of one heading are told as one, their rows in one table. */
function chapters(answered: readonly Answered[]): Chapter[] {
  const byHeading = new Map<string, Answered[]>();
  for (const one of answered) {
    const heading = one.experiment.chapter ?? one.experiment.name;
    byHeading.set(heading, [...(byHeading.get(heading) ?? []), one]);
  }
  return [...byHeading].map(([heading, all]) => {
    const outcomes = all.map(({ outcome }) => outcome);
    const tables = outcomes.flatMap(({ figures }) => figures ?? []);
    return {
      heading,
      about: all[0]!.experiment.about,
      figures: tables[0] && { head: tables[0].head, rows: tables.flatMap(({ rows }) => rows) },
      remarks: outcomes.flatMap(({ remark }) => remark ?? []),
      pictures: outcomes.flatMap((outcome) => outcome.pictures ?? []),
    };
  });
}

/** Tables for the terminal. */
export function asText(answered: readonly Answered[]): string {
  const targets = targetFigures(answered);
  const parts = targets.rows.length > 0 ? [table(targets.head, targets.rows)] : [];
  for (const { heading, figures, remarks } of chapters(answered))
    parts.push(...(figures ? [`${heading}\n${table(figures.head, figures.rows)}`] : []), ...remarks);
  return parts.join('\n\n');
}

/** One line of JSON, with three digits that count. */
export function asJson({ question, ratio, low, high, target }: TargetRow): string {
  const rounded = (value: number) => Number(value.toPrecision(3));
  return JSON.stringify({
    question,
    ratio: rounded(ratio),
    low: rounded(low),
    high: rounded(high),
    target,
  });
}

/** Writes RESULTS.md and its pictures, in place of those of the run before. */
export function writeResults(directory: string, answered: readonly Answered[], minutes: number): void {
  const folder = path.join(directory, pictures);
  mkdirSync(folder, { recursive: true });
  for (const name of readdirSync(folder)) if (name.endsWith('.svg')) rmSync(path.join(folder, name));
  for (const { outcome } of answered)
    for (const { file, svg } of outcome.pictures ?? []) writeFileSync(path.join(folder, file), svg);
  writeFileSync(path.join(directory, 'RESULTS.md'), asMarkdown(answered, machine(), minutes));
}

export function asMarkdown(answered: readonly Answered[], where: readonly string[], minutes: number): string {
  const lines = [
    '# Results of the benchmark',
    '',
    'Written by `npm run bench`; how each figure is measured is told in [README.md](README.md).',
    '',
    ...where.map((line) => `- ${line}`),
    `- The whole run took ${minutes.toFixed(0)} minutes`,
    '',
    '## Targets',
    '',
    'Medians, with the least and the greatest of all rounds. Ratios are to be compared between machines, all else is not.',
    '',
    ...markdownTable(targetFigures(answered)),
  ];
  for (const chapter of chapters(answered)) {
    const { heading, about, figures } = chapter;
    lines.push('', `## ${heading[0]!.toUpperCase()}${heading.slice(1)}`, '', about);
    for (const remark of chapter.remarks) lines.push('', `**${remark}**`);
    if (figures) lines.push('', ...markdownTable(figures));
    for (const { file, title } of chapter.pictures) lines.push('', `![${title}](${pictures}/${file})`);
  }
  return `${lines.join('\n')}\n`;
}

function markdownTable({ head, rows }: Figures): string[] {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)];
}
