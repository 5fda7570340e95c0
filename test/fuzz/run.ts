/** `npm run test:fuzz -- --minutes N --seed S`: ends with 1 where a mutant found a fault. */
import { parseArgs } from 'node:util';
import { examine } from '../../server/doctor/examine.js';
import { openLevelStore } from '../../server/store/level.js';
import { silent } from '../app/test-server.js';
import { Fuzzer } from './fuzzer.js';

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '2' },
    seed: { type: 'string', default: String(Date.now() % 1e6) },
  },
});
const MiB = 2 ** 20;
const tell = (line: string) => void process.stdout.write(`${line}\n`);
const until = Date.now() + Number(values.minutes) * 60_000;
tell(`seed ${values.seed}`);
tell(['round', 'inputs', 'heap MiB', 'rss', 'sockets', 'files', 'timers', 'findings'].join('\t'));

const fuzzer = await Fuzzer.start(Number(values.seed));
const before = await fuzzer.sample();
let failed = false;
try {
  for (let round = 1; Date.now() < until; round++) {
    await fuzzer.round({ messages: 800, framings: 240, connections: 160 });
    if (round % 5 !== 1) continue;
    const { heap, rss, sockets, files, timers } = await fuzzer.sample();
    const row = [
      round,
      fuzzer.inputs,
      (heap / MiB).toFixed(1),
      (rss / MiB).toFixed(0),
      sockets,
      files,
      timers,
    ];
    tell([...row, fuzzer.findings.length].join('\t'));
  }
  for (const left of await fuzzer.settled(before)) fuzzer.findings.push({ path: '', body: '', why: left });
  const after = await fuzzer.sample();
  tell(`before ${JSON.stringify(before)}`);
  tell(`after  ${JSON.stringify(after)}`);
} catch (error) {
  failed = true;
  tell(`A GOOD CLIENT WAS NOT SERVED: ${String(error)} ${fuzzer.server.process.errors()}`);
}
const exitCode = failed ? null : await fuzzer.server.stop();
if (exitCode === 0) {
  const { findings, studies, trials } = await examine(fuzzer.server.dataDir);
  tell(`the doctor has looked at ${studies} studies and ${trials} trials`);
  for (const finding of findings) fuzzer.findings.push({ path: '', body: '', why: JSON.stringify(finding) });
  const store = await openLevelStore({ directory: fuzzer.server.dataDir, logger: silent });
  await store.close();
  tell('the database opens');
}
await fuzzer.server.remove();
for (const [ending, times] of [...fuzzer.endings].sort()) tell(`${times}\t${ending}`);
for (const finding of fuzzer.findings) tell(`FOUND ${JSON.stringify(finding).slice(0, 4000)}`);
process.exit(fuzzer.findings.length === 0 && exitCode === 0 ? 0 : 1);
