import type { Violation } from '../domain/errors.js';
import type { ExitCode } from './exit-code.js';

/** What is wrong with a field, and where a file says it: `study.yaml:7`. */
export interface LocatedViolation extends Violation {
  readonly place?: string;
}

/** What a failure carries beside its message; `--json` prints it whole. */
export interface FailureFacts {
  /** Name of the gRPC status, such as `NOT_FOUND`. */
  readonly code?: string;
  /** `ErrorInfo.reason`, such as `STUDY_NOT_FOUND`. */
  readonly reason?: string;
  readonly metadata?: Readonly<Record<string, string>>;
  readonly violations?: readonly LocatedViolation[];
  /** What to do about it, for people. */
  readonly hint?: string;
  readonly cause?: unknown;
}

/** Why a command did not do what it was asked to: printed in one line and its details, never with a stack. */
export class Failure extends Error {
  readonly exitCode: ExitCode;
  readonly facts: FailureFacts;

  constructor(exitCode: ExitCode, message: string, facts: FailureFacts = {}) {
    super(message, facts.cause === undefined ? undefined : { cause: facts.cause });
    this.name = 'Failure';
    this.exitCode = exitCode;
    this.facts = facts;
  }
}
