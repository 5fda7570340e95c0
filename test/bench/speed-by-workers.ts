/** How do throughput and cost change with the number of workers at a time? */
import { comparisonFigures } from './against-echo.js';
import { compare, type Comparison } from './compare.js';
import type { Experiment } from './experiment.js';
import { curvePace, quickPace } from './pace.js';
import { curves, type Line } from './picture.js';
import type { Question } from './question.js';
import { streamedReports } from './streamed-reports.js';
import { suggest } from './suggest.js';
import { unaryReport } from './unary-report.js';

const numbers = [1, 8, 64, 1024];

/** As many on one connection as a server that is not asked for more takes with ease. */
const workersPerConnection = 64;

type Ask = (workers: number, connections: number) => Question;

const asks: ReadonlyMap<string, Ask> = new Map<string, Ask>([
  ['unary report', unaryReport],
  ['streamed report', (workers, connections) => streamedReports(workers, connections, workers)],
  ['suggest', suggest],
]);

export const speedByWorkers: Experiment = {
  name: 'speed by workers',
  about:
    'So many workers at a time, each waiting for its answer before its next call; on the streams each worker has ' +
    `a stream of its own. ${workersPerConnection} workers share a connection. The same is put to the echo, in turns.`,

  async run(setting) {
    const servers = await setting.servers();
    const pace = setting.quick ? quickPace : curvePace;
    const all = new Map<string, Comparison[]>();
    for (const [what, ask] of asks) {
      const comparisons: Comparison[] = [];
      for (const workers of setting.quick ? [1, 64] : numbers) {
        const question = ask(workers, Math.ceil(workers / workersPerConnection));
        const name = `${what}, ${workers} ${workers === 1 ? 'worker' : 'workers'}`;
        comparisons.push(await compare({ ...question, name }, pace, servers));
      }
      all.set(what, comparisons);
    }
    return { figures: comparisonFigures([...all.values()].flat()), pictures: [picture(all)] };
  },
};

function picture(all: ReadonlyMap<string, readonly Comparison[]>) {
  const lines = (
    suffix: string,
    of: (comparison: Comparison, server: 'wazir' | 'echo') => Line['spreads'][number],
  ) =>
    [...all].flatMap(([what, comparisons], colour) =>
      (['wazir', 'echo'] as const).map((server): Line => ({
        name: `${what}, ${server === 'wazir' ? 'Wazir' : 'echo'}${suffix}`,
        colour,
        isDashed: server === 'echo',
        spreads: comparisons.map((comparison) => of(comparison, server)),
      })),
    );
  const title = 'One to 1024 workers at a time';
  return curves({
    file: 'workers.svg',
    title,
    x: { name: 'workers at a time', values: numbers },
    panels: [
      { y: 'requests a second', lines: lines('', (it, server) => it[server].requestsPerSecond) },
      {
        y: 'CPU of the server, µs a request',
        lines: lines(', CPU', (it, server) => it[server].cpuMicrosPerRequest),
      },
    ],
  });
}
