/**
 * Study files: a study as YAML or JSON. Either the fields of `StudySpec` at the
 * top, beside `id`, `display_name` and `labels`; or a `Study` with its `spec`, as
 * `wazir study show --json` prints it.
 */
import { LineCounter, parseDocument } from 'yaml';
import { Study, StudySpec } from '../gen/wazir/v1/study.js';
import { messageType } from './contract.js';
import { ExitCode } from './exit-code.js';
import { Failure, type LocatedViolation } from './failure.js';
import { findField, MessageReader, type Entry, type Fields } from './message-reader.js';
import { lastId } from './names.js';
import { parameterForms } from './parameter-forms.js';

export interface StudyFile {
  /** Empty where the file has none: the server makes one. */
  readonly id: string;
  readonly study: Study;
  /** Where in the file the field of a request lies, as `file:line`; undefined where it is not in it. */
  locate(requestField: string): string | undefined;
}

/** Fields of a Study beside the spec that a file may set; the others are the server's, and ignored in a printed study. */
const ownFields = ['display_name', 'labels', 'metadata'];

/** Reads a study file. Throws a Failure that names every problem with its path and line. */
export function readStudyFile(source: string, fileName: string): StudyFile {
  const lineCounter = new LineCounter();
  // Big integers keep what a double would round; bounds are checked against them.
  const document = parseDocument(source, { lineCounter, prettyErrors: false, intAsBigInt: true });
  if (document.errors.length > 0) {
    throw invalidFile(
      fileName,
      document.errors.map(({ pos, message }) => ({
        place: `${fileName}:${lineCounter.linePos(pos[0]).line}`,
        field: '',
        description: message,
      })),
    );
  }
  const reader = new MessageReader(document, lineCounter, parameterForms());
  const entries = document.contents === null ? undefined : reader.entries(document.contents);
  if (entries === undefined) {
    throw invalidFile(fileName, [
      {
        place: `${fileName}:1`,
        field: '',
        description: 'expected the fields of a study, such as "parameters"',
      },
    ]);
  }
  const whole = entries.some(({ key }) => key === 'spec');
  const { id, study } = whole ? readStudy(reader, entries) : readSpec(reader, entries);
  if (reader.problems.length > 0) {
    throw invalidFile(
      fileName,
      reader.problems.map(({ path, line, description }) => ({
        place: `${fileName}:${line}`,
        field: path,
        description,
      })),
    );
  }
  return {
    id,
    study,
    locate: (requestField) => {
      const field = requestField.replace(/^study\./, '');
      const line = nearestLine(reader.lines, whole ? field : field.replace(/^spec\./, ''));
      return line === undefined ? undefined : `${fileName}:${line}`;
    },
  };
}

type Read = Pick<StudyFile, 'id' | 'study'>;

function readStudy(reader: MessageReader, entries: readonly Entry[]): Read {
  const { id, rest } = takeId(reader, entries);
  const type = messageType('Study');
  const output = (key: string) => {
    const name = findField(type, key)?.name;
    return name !== undefined && name !== 'spec' && !ownFields.includes(name);
  };
  const fields = reader.fields(
    type,
    rest.filter(({ key }) => !output(key)),
    '',
  );
  const name = entries.find(({ key }) => key === 'name')?.value?.toJSON() as unknown;
  return {
    id: id ?? (typeof name === 'string' ? lastId(name) : ''),
    study: studyOf(reader, fields, fields['spec']),
  };
}

function readSpec(reader: MessageReader, entries: readonly Entry[]): Read {
  const { id, rest } = takeId(reader, entries);
  const type = messageType('Study');
  const own = rest.filter(({ key }) => ownFields.includes(findField(type, key)?.name ?? ''));
  const spec = reader.fields(
    messageType('StudySpec'),
    rest.filter((entry) => !own.includes(entry)),
    '',
  );
  return { id: id ?? '', study: studyOf(reader, reader.fields(type, own, ''), spec) };
}

/** The generated messages, with their defaults. What has problems is not completed, and not used either. */
function studyOf(reader: MessageReader, fields: Fields, spec: unknown): Study {
  if (reader.problems.length > 0) return Study.fromPartial({});
  return Study.fromPartial({ ...fields, spec: StudySpec.fromPartial(spec ?? {}) });
}

function takeId(reader: MessageReader, entries: readonly Entry[]): { id: string | undefined; rest: Entry[] } {
  const entry = entries.find(({ key }) => key === 'id');
  const rest = entries.filter((each) => each !== entry);
  if (entry === undefined) return { id: undefined, rest };
  const id: unknown = entry.value?.toJSON();
  if (typeof id === 'string') return { id, rest };
  reader.problem('id', entry.keyNode, 'expected a text: write it in quotes');
  return { id: undefined, rest };
}

/** The line of a path, or of the nearest part of the document that holds it: what is missing has no line of its own. */
function nearestLine(lines: ReadonlyMap<string, number>, path: string): number | undefined {
  for (let at = path; at !== ''; at = at.replace(/(^|\.)[^.[\]]+$|\[\d+\]$/, '')) {
    const line = lines.get(at);
    if (line !== undefined) return line;
  }
  return undefined;
}

function invalidFile(fileName: string, violations: readonly LocatedViolation[]): Failure {
  return new Failure(ExitCode.usage, `${fileName} is no study that can be created`, { violations });
}
