/**
 * The contract of checks: one invariant of a data directory each, or a few that
 * go together. A check reads, tells what it finds, and goes on: one thing that is
 * wrong hides no other. What another check tells (a damaged record, a name that
 * leads nowhere) it passes over.
 *
 * A new one is a file in `checks/` and a line in `index.ts`; a test damages a real
 * directory and sees it found, and sees nothing found in a healthy one.
 */
import type { StudyRecord, TrialRecord, MeasurementRecord } from '../gen/wazir/internal/v1/records.js';
import type { ParsedKey } from '../store/schema.js';
import type { StillView } from '../store/still-view.js';

/** Something that is wrong. */
export interface Found {
  /** Name of the study that it is in; undefined where it is in none. */
  readonly study?: string | undefined;
  /** The record: its key, or a file's name. */
  readonly record?: string | undefined;
  /** What is wrong, as the end of a sentence on the record. */
  readonly what: string;
}

export type Tell = (found: Found) => void;

/** A directory under examination. Records that are damaged are left out of everything that is read of it. */
export interface Patient {
  readonly directory: string;
  readonly view: StillView;
  /** All records of studies that can be read, by uid. */
  readonly studies: ReadonlyMap<string, StudyRecord>;
  /** Whether a record was found to be damaged. */
  isDamaged(key: string): boolean;
  /** The name of a study, for telling; undefined where it is not known. */
  nameOf(uid: string): string | undefined;
}

/** A study under examination. */
export interface StudyPatient {
  readonly patient: Patient;
  readonly uid: string;
  /** The name that its record gives. */
  readonly name: string;
  readonly record: StudyRecord;
}

export type MeasurementKey = Extract<ParsedKey, { kind: 'measurement' }>;

/** What looks at one study: at its trials by rising number, at its measurements by rising key, at all else last. */
export interface StudyExamination {
  trial?(record: TrialRecord, key: string): void;
  measurement?(record: MeasurementRecord, parts: MeasurementKey, key: string): void;
  end?(): Promise<void> | void;
}

export interface Check {
  readonly name: string;
  /** What holds where it finds nothing, in a sentence. */
  readonly holds: string;
  /** Looks at the directory as a whole. */
  directory?(patient: Patient, tell: Tell): Promise<void> | void;
  /** Begins on a study. */
  study?(study: StudyPatient, tell: Tell): StudyExamination;
}
