/** How latencies that grow, or do not, are told. */
import type { Figures } from './experiment.js';
import { amount, power, range } from './figure.js';
import { spreadOver, type Turns } from './latency-turns.js';
import { curves, type Curves, type Picture } from './picture.js';

/** @param resident bytes of each server in the end */
export function latencyFigures(
  of: string,
  sizes: readonly number[],
  turns: Turns,
  resident: readonly number[],
): Figures {
  return {
    head: [of, 'call', 'median, ms', 'p99, ms', 'CPU, µs', 'server resident'],
    rows: sizes.flatMap((size, i) =>
      [...turns].map(([what, contenders], line) => [
        line === 0 ? power(size) : '',
        what,
        range(spreadOver(contenders[i]!, 'medianMs'), 2),
        range(spreadOver(contenders[i]!, 'p99Ms'), 2),
        range(spreadOver(contenders[i]!, 'cpuMicros'), 0),
        line === 0 ? `${amount(resident[i]! / 2 ** 20)} MiB` : '',
      ]),
    ),
  };
}

/** Latency on the left, the server's CPU on the right. */
export function latencyCurves(title: string, x: Curves['x'], turns: Turns): Picture {
  const measures = [
    ['median', 'medianMs'],
    ['p99', 'p99Ms'],
  ] as const;
  return curves({
    file: `${title.toLowerCase().replaceAll(/\W+/g, '-')}.svg`,
    title,
    x,
    panels: [
      {
        y: 'latency, ms',
        lines: [...turns].flatMap(([what, contenders], colour) =>
          measures.map(([name, measure]) => ({
            name: `${what}, ${name}`,
            colour,
            isDashed: measure === 'p99Ms',
            spreads: contenders.map((took) => spreadOver(took, measure)),
          })),
        ),
      },
      {
        y: 'CPU of the server, µs a call',
        lines: [...turns].map(([what, contenders], colour) => ({
          name: `${what}, CPU`,
          colour,
          spreads: contenders.map((took) => spreadOver(took, 'cpuMicros')),
        })),
      },
    ],
  });
}
