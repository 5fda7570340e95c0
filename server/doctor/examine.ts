/** Runs all checks over a directory that no server uses, without changing it. */
import { MeasurementRecord, StudyRecord, TrialRecord } from '../gen/wazir/internal/v1/records.js';
import { keys } from '../store/keys.js';
import { parseKey } from '../store/schema.js';
import { StoreOpenError, type OpenFailure } from '../store/open-error.js';
import { openStillView, type StillView } from '../store/still-view.js';
import type { Check, Found, Patient, StudyExamination } from './check.js';
import { faultOf } from './checks/records.js';
import { checks } from './index.js';
import { readable } from './readable.js';

/** Something that is wrong, and which check tells it. */
export interface Finding extends Found {
  readonly check: string;
}

export interface Report {
  readonly findings: readonly Finding[];
  /** How many there are beyond those that are told. */
  readonly more: number;
  readonly studies: number;
  readonly trials: number;
  readonly measurements: number;
}

/** As many of one check are told. */
const toldOfOne = 200;

/** What is wrong with the directory itself, not with how it is used at the moment. */
const damages: readonly OpenFailure[] = [
  'DATABASE_DAMAGED',
  'DATABASE_MISSING',
  'IDENTITY_UNREADABLE',
  'RESTORE_UNFINISHED',
];

/** @throws StoreOpenError where it can not be looked at: a server has it, or it may not be read. */
export async function examine(directory: string): Promise<Report> {
  const findings = new Findings();
  let view: StillView;
  try {
    view = await openStillView(directory);
  } catch (error) {
    if (!(error instanceof StoreOpenError) || !damages.includes(error.reason)) throw error;
    return { ...nothing, findings: [{ check: 'opening', what: error.message }] };
  }
  const counts = { ...nothing };
  try {
    const patient = await admit(directory, view);
    for (const check of checks) await check.directory?.(patient, findings.of(check));
    for (const [uid, record] of patient.studies) {
      const study = { patient, uid, name: record.study!.name, record };
      const examinations = checks.flatMap((check) => check.study?.(study, findings.of(check)) ?? []);
      counts.studies++;
      counts.trials += await eachTrial(patient, uid, examinations);
      counts.measurements += await eachMeasurement(patient, uid, examinations);
      for (const it of examinations) await it.end?.();
    }
  } catch (error) {
    if (!isUnreadable(error)) throw error;
    // Whatever comes after it in the order of keys can not be read either.
    const what = `can not be read to its end: ${error.message.replaceAll('\n', ' ')}`;
    findings.of({ name: 'opening' })({ record: 'db', what });
  } finally {
    await view.close();
  }
  return { ...counts, findings: findings.all, more: findings.more };
}

/** LevelDB's word for a table that it can make nothing of. */
function isUnreadable(error: unknown): error is Error {
  const { code } = error as { code?: string };
  return (
    error instanceof Error && (code === 'LEVEL_CORRUPTION' || /^(Corruption|IO error)/.test(error.message))
  );
}

const nothing = { findings: [], more: 0, studies: 0, trials: 0, measurements: 0 };

/** Reads what all checks need to know: which studies there are, and which records are damaged. */
async function admit(directory: string, view: StillView): Promise<Patient> {
  const damaged = new Set<string>();
  const studies = new Map<string, StudyRecord>();
  for await (const [key, sealed] of view.raw.iterator({ gt: keys.database }))
    if (faultOf(key, sealed) !== undefined) damaged.add(key);
  for await (const [key, value] of readable({ view }, { gt: 's/', lt: 's0' })) {
    const parsed = parseKey(key);
    if (parsed?.kind === 'study') studies.set(parsed.uid, StudyRecord.decode(value));
  }
  return {
    directory,
    view,
    studies,
    isDamaged: (key) => damaged.has(key),
    nameOf: (uid) => studies.get(uid)?.study?.name,
  };
}

async function eachTrial(patient: Patient, uid: string, all: readonly StudyExamination[]): Promise<number> {
  let count = 0;
  for await (const [key, value] of readable(patient, keys.trialsOf(uid))) {
    const record = TrialRecord.decode(value);
    for (const it of all) it.trial?.(record, key);
    count++;
  }
  return count;
}

async function eachMeasurement(
  patient: Patient,
  uid: string,
  all: readonly StudyExamination[],
): Promise<number> {
  let count = 0;
  for await (const [key, value] of readable(patient, keys.measurementsOfStudy(uid))) {
    const parts = parseKey(key);
    if (parts?.kind !== 'measurement') continue;
    const record = MeasurementRecord.decode(value);
    for (const it of all) it.measurement?.(record, parts, key);
    count++;
  }
  return count;
}

class Findings {
  readonly all: Finding[] = [];
  more = 0;
  readonly #counts = new Map<string, number>();

  of({ name }: Pick<Check, 'name'>): (found: Found) => void {
    return (found) => {
      const count = (this.#counts.get(name) ?? 0) + 1;
      this.#counts.set(name, count);
      if (count > toldOfOne) this.more++;
      else this.all.push({ check: name, ...found });
    };
  }
}
