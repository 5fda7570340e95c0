/** What does a call cost on top of what gRPC itself costs? */
import { compare, type Comparison } from './compare.js';
import type { Experiment, Figures } from './experiment.js';
import { amount, range } from './figure.js';
import { quickPace, usualPace } from './pace.js';
import type { Question } from './question.js';

/** @param target of the ratio: the echo's CPU time a request over the server's */
export function againstEcho(question: Question, target: string): Experiment {
  const { name } = question;
  return {
    name,
    chapter: 'against the echo',
    about:
      "The ratio is the echo's CPU time a request over Wazir's, all threads of each; beside it by wall clock, " +
      "Wazir's requests a second over the echo's. The last column is what a request costs the measuring client.",
    async run(setting) {
      const comparison = await compare(
        question,
        setting.quick ? quickPace : usualPace,
        await setting.servers(),
      );
      const { median: ratio, low, high } = comparison.ratio;
      return {
        targets: [{ question: name, ratio, low, high, target }],
        figures: comparisonFigures([comparison]),
      };
    },
  };
}

export function comparisonFigures(comparisons: readonly Comparison[]): Figures {
  return {
    head: ['', 'by CPU', 'by wall', 'Wazir', '', 'echo', '', 'client'],
    rows: comparisons.map(({ question, ratio, wallRatio, wazir, echo, clientMicrosPerRequest: client }) => [
      question,
      range(ratio, 2),
      range(wallRatio, 2),
      `${amount(wazir.cpuMicrosPerRequest.median)} µs`,
      `${amount(wazir.requestsPerSecond.median)}/s`,
      `${amount(echo.cpuMicrosPerRequest.median)} µs`,
      `${amount(echo.requestsPerSecond.median)}/s`,
      `${amount(client.median)} µs`,
    ]),
  };
}
