/** All that the benchmark asks, in the order in which it asks. */
import { againstEcho } from './against-echo.js';
import { rowsOf, type Experiment } from './experiment.js';
import { clientCheck } from './client-check.js';
import { echoDefaults } from './echo-defaults.js';
import { latencyByStudies } from './latency-by-studies.js';
import { latencyByTrials } from './latency-by-trials.js';
import { openMillion } from './open-finished.js';
import { promotionDecision } from './promotion-decision.js';
import { speedByWorkers } from './speed-by-workers.js';
import { streamedReports } from './streamed-reports.js';
import { suggest } from './suggest.js';
import { unaryReport } from './unary-report.js';

export const experiments: readonly Experiment[] = [
  againstEcho(unaryReport(64, 1), '>= 0.80'),
  againstEcho(unaryReport(256, 4), '>= 0.90'),
  againstEcho(streamedReports(1, 1), '>= 0.60'),
  againstEcho(streamedReports(64, 4), '>= 0.60'),
  // Leaves the server with much to remember.
  againstEcho(suggest(64, 1), '>= 0.60'),
  speedByWorkers,
  echoDefaults,
  clientCheck,
  rowsOf(
    'open a million finished trials',
    'From the first call for a study of a million finished trials to its answer, a suggestion, of a server that ' +
      'has just started; and what more memory is resident then than in a server without data.',
    openMillion,
  ),
  rowsOf(
    'promotion decision',
    'A result in a rung of a million that changes who ranks among the best, the decision, and the promotion.',
    promotionDecision,
  ),
  latencyByTrials('finished', [1e3, 1e4, 1e5, 1e6]),
  latencyByTrials('paused', [1e3, 1e4, 1e5, 1e6]),
  latencyByStudies([1, 10, 100, 1e3, 1e4, 1e5]),
];
