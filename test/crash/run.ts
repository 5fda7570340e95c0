/** `npm run test:crash -- --minutes N [--kills N] [--seed S]`: the crash loop, for as long as one likes. */
import { parseArgs } from 'node:util';
import { crashLoop } from './crash-loop.js';

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '5' },
    kills: { type: 'string' },
    seed: { type: 'string' },
    quiet: { type: 'boolean', default: false },
  },
});
const seed = Number(values.seed ?? Date.now() % 1_000_000);
const tell = (line: string) => void process.stdout.write(`${line}\n`);
tell(`seed ${seed}`);
const result = await crashLoop({
  seed,
  kills: Number(values.kills ?? Infinity),
  until: performance.now() + Number(values.minutes) * 60_000,
  ...(values.quiet ? {} : { tell }),
});
tell(
  `seed ${result.seed}: ${result.kills} kills, ${result.acknowledged} acknowledged, ${result.found} found, ` +
    `${result.lost} lost, ${result.duplicated} duplicated, ${result.broken} invariants broken; ` +
    `${result.handOuts} hand-outs, ${result.expiries} after an expiry, ${result.promotions} promotions of ASHA checked, ` +
    `${result.settled} calls found done that had not been answered`,
);
for (const [call, count] of [...result.calls].sort()) tell(`${String(count).padStart(8)} ${call}`);
