/** `npm run test:soak -- --minutes N`: prints a table, ends with 1 where the server grows beyond its bounds. */
import { parseArgs } from 'node:util';
import { boundsPerMinute, leaks, soak } from './soak.js';

const { values } = parseArgs({
  options: { minutes: { type: 'string', default: '2' }, seed: { type: 'string', default: '1' } },
});
const minutes = Number(values.minutes);
/** From when the server listens. */
let until: number | undefined;
const MiB = 2 ** 20;
const tell = (line: string) => void process.stdout.write(`${line}\n`);
const mebibytes = (bytes: number) => (bytes / MiB).toFixed(1);

const columns = [
  ...['minute', 'calls/s', 'heap MiB', 'external', 'rss', 'sockets', 'files', 'timers', 'disk MiB'],
  ...['studies', 'refused'],
];
tell(columns.join('\t'));
let last = { calls: 0, minute: 0 };

const result = await soak({
  ...{ studies: 4, workers: 4, maxTrials: 60, seed: Number(values.seed), everyMs: 5000 },
  goesOn: () => Date.now() < (until ??= Date.now() + minutes * 60_000),
  tell(sample, minute, world) {
    const rate = (world.calls - last.calls) / Math.max(1e-9, (minute - last.minute) * 60);
    last = { calls: world.calls, minute };
    const refused = [...world.counts].filter(([what]) => what.startsWith('refused'));
    const row = [
      minute.toFixed(2),
      rate.toFixed(0),
      mebibytes(sample.heap),
      mebibytes(sample.external),
      mebibytes(sample.rss),
      ...[sample.sockets, sample.files, sample.timers],
      mebibytes(sample.disk),
      world.counts.get('studies') ?? 0,
      refused.reduce((sum, [, times]) => sum + times, 0),
    ];
    tell(row.join('\t'));
  },
});

const { before, after, perMinute, world } = result;
tell(`\nbefore ${JSON.stringify(before)}`);
tell(`after  ${JSON.stringify(after)}`);
for (const [what, bytes] of Object.entries(perMinute))
  tell(`${what}: ${(bytes / MiB).toFixed(3)} MiB a minute over the second half`);
for (const [what, times] of [...world.counts].sort()) tell(`${what}: ${times}`);
tell(`calls: ${world.calls}`);

const faults = leaks(result);
for (const [what, bound] of Object.entries(boundsPerMinute) as [keyof typeof boundsPerMinute, number][])
  if (perMinute[what] > bound) faults.push(`${what} grows by ${mebibytes(perMinute[what])} MiB a minute`);
for (const fault of faults) tell(`NOT AS IT MUST BE: ${fault}`);
process.exit(faults.length === 0 ? 0 : 1);
