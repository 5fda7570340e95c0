/**
 * A process that commits until it is killed: `committing-process.ts DIRECTORY FIRST`.
 * It prints `open`, then the number of each commit once it is acknowledged. With
 * a negative FIRST it only keeps the database open.
 */
import { openLevelStore } from '../../server/store/level.js';
import { numberedOps, studies } from './numbered-commit.js';

const directory = process.argv[2]!;
let next = Number(process.argv[3]);
const idle = next < 0;
const store = await openLevelStore({ directory });

/** Writes to a pipe are synchronous: what is acknowledged is told before anything else happens. */
function tell(line: string): void {
  process.stdout.write(`${line}\n`);
}

async function work(studyUid: string): Promise<void> {
  for (let sequence = 0; ; sequence++) {
    const number = next++;
    const ops = numberedOps(number, studyUid);
    await store.commit({
      studyUid,
      epoch: store.epoch,
      expectedSequence: sequence,
      sequence: sequence + 1,
      ops,
    });
    tell(`${number}`);
  }
}

tell('open');
if (idle) setInterval(() => undefined, 1000);
else await Promise.all(studies.map(work));
