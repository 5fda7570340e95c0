import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import type { Command } from 'commander';
import { stringify } from 'csv-stringify/sync';
import { StudySpec } from '../gen/wazir/v1/study.js';
import { clientCommand, type ClientContext } from './client-command.js';
import { ExitCode } from './exit-code.js';
import {
  cell,
  measurementColumns,
  measurementRecord,
  trialColumns,
  trialRecord,
  type Column,
  type ExportRecord,
} from './export-records.js';
import { Failure } from './failure.js';
import { studyName } from './names.js';
import { finish, write } from './output.js';
import { eachPage } from './pages.js';
import { safeJson, safeText } from './safe-text.js';
import type { Sink, Surroundings } from './surroundings.js';

/** How a file begins, and how a page of records goes on. */
interface Format {
  readonly opening: string;
  page(records: readonly ExportRecord[]): string;
}

const trialsAPage = 500;
const measurementsAPage = 5_000;

export function exportStudy(surroundings: Surroundings): Command {
  const summary = "write a study's trials, or its measurements, as CSV or as JSON lines";
  return clientCommand(surroundings, 'export <study>', summary, async (context, [given], options) => {
    const name = studyName(given!, context.owner);
    const makeFormat = readFormat(options['format'], context.json);
    const { spec } = await context.clients.studies.getStudy({ name });
    const ofMeasurements = options['measurements'] === true;
    const columns = (ofMeasurements ? measurementColumns : trialColumns)(spec ?? StudySpec.fromPartial({}));
    const pages = ofMeasurements
      ? measurementPages(context, name, options['superseded'] === true)
      : trialPages(context, name);

    const path = options['output'] as string | undefined;
    const sink = path === undefined ? surroundings.stdout : await openFile(path);
    const format = makeFormat(columns, sink);
    await write(sink, format.opening);
    for await (const records of pages) await write(sink, format.page(records));
    if (path !== undefined) await finish(sink);
  })
    .option('--format <format>', 'csv (the default) or jsonl (the default with --json)')
    .option('--measurements', 'the measurements instead of the trials')
    .option('--superseded', 'with --measurements: also those that a later attempt trained again')
    .option('-o, --output <file>', 'write to a file instead of standard output');
}

function readFormat(given: unknown, json: boolean): (columns: readonly Column[], sink: Sink) => Format {
  switch (given ?? (json ? 'jsonl' : 'csv')) {
    case 'csv':
      return csv;
    case 'jsonl':
      return jsonLines;
    default:
      throw new Failure(ExitCode.usage, '--format: expected csv or jsonl');
  }
}

/** RFC 4180 but for line ends, which are LF. A file gets texts as they are; a terminal gets them escaped. */
function csv(columns: readonly Column[], sink: Sink): Format {
  const shown = (text: string) => (sink.isTTY === true ? safeText(text) : text);
  return {
    opening: stringify([columns.map(({ heading }) => shown(heading))]),
    page: (records) =>
      stringify(records.map((record) => columns.map((column) => shown(cell(record, column))))),
  };
}

function jsonLines(): Format {
  return {
    opening: '',
    page: (records) => records.map((record) => `${safeJson(JSON.stringify(record))}\n`).join(''),
  };
}

async function* trialPages({ clients }: ClientContext, parent: string): AsyncGenerator<ExportRecord[]> {
  const fetch = (pageToken: string) =>
    clients.trials.listTrials({ parent, states: [], orderBy: 'id', pageSize: trialsAPage, pageToken });
  for await (const { trials } of eachPage(fetch)) yield trials.map(trialRecord);
}

async function* measurementPages(
  { clients }: ClientContext,
  study: string,
  showSuperseded: boolean,
): AsyncGenerator<ExportRecord[]> {
  const fetchTrials = (pageToken: string) =>
    clients.trials.listTrials({ parent: study, states: [], orderBy: 'id', pageSize: trialsAPage, pageToken });
  for await (const { trials } of eachPage(fetchTrials)) {
    for (const { id, name } of trials) {
      const fetch = (pageToken: string) =>
        clients.measurements.listMeasurements({
          parent: name,
          pageSize: measurementsAPage,
          pageToken,
          showSuperseded,
        });
      for await (const { measurements } of eachPage(fetch)) {
        yield measurements.map((measurement) => measurementRecord(id, measurement));
      }
    }
  }
}

async function openFile(path: string): Promise<Sink> {
  const file = createWriteStream(path);
  try {
    await once(file, 'open');
  } catch (error) {
    throw new Failure(ExitCode.file, `can not write ${path}: ${(error as Error).message}`, { cause: error });
  }
  // Each write reports its own error; without a listener the same error would end the process.
  file.on('error', () => undefined);
  return file;
}
