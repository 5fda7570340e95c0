import type { Question } from './question.js';
import { streamedReports } from './streamed-reports.js';
import { suggest } from './suggest.js';
import { unaryReport } from './unary-report.js';

/** All questions, in the order in which they are put. The last leaves the server with much to remember. */
export const questions: readonly Question[] = [
  unaryReport(64, 1),
  unaryReport(256, 4),
  streamedReports(1, 1),
  streamedReports(64, 4),
  suggest,
];
