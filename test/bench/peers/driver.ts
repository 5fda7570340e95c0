/** The same as `python/driver.py` with our client in TypeScript: each client is a loop. */
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { connect, type Study, type Trial } from '../../../clients/typescript/src/index.js';
import { histogram } from './meter.js';
import { createStudy, steps, valueAt } from './workload.js';

const options = JSON.parse(process.argv[2]!) as { address: string; clients: number; first: number };
const measured = { trials: 0, suggests: [] as number[], reports: [] as number[] };

function say(said: object): void {
  process.stdout.write(`${JSON.stringify(said)}\n`);
}

async function work(study: Study, worker: string): Promise<void> {
  let asked = performance.now();
  for await (const trial of study.trials({ worker })) {
    measured.suggests.push(performance.now() - asked);
    if (await train(trial)) measured.trials++;
    asked = performance.now();
  }
}

/** Whether it was not stopped early. */
async function train(trial: Trial): Promise<boolean> {
  const reports: Promise<unknown>[] = [];
  for await (const step of trial.steps()) {
    const start = performance.now();
    // Trains on while the report is on its way, which is what a stream is for; `steps` ends where an answer says so.
    const told = trial.report(step, { accuracy: valueAt(trial.id, step, trial.parameters) });
    reports.push(told.then(() => measured.reports.push(performance.now() - start)));
    if (step === steps) break;
  }
  // A failed report must end the driver.
  await Promise.all(reports);
  if (trial.signal.aborted) return false;
  await trial.complete();
  return true;
}

const study = await createStudy(connect(options.address));
say({ ready: true });
const input = createInterface(process.stdin);
// Stays until it is not wanted, so that what it used can be read.
input.on('close', () => process.exit(0));
const [line] = (await once(input, 'line')) as [string];
const { warmUp, seconds } = JSON.parse(line) as { warmUp: number; seconds: number };
const stop = new AbortController();
process.on('SIGTERM', () => stop.abort());
const waited = (ms: number) => sleep(ms, undefined, { signal: stop.signal }).catch(() => {});

for (let i = 0; i < options.clients; i++)
  work(study, `client-${options.first + i}`).catch((error: unknown) => {
    process.stderr.write(`${String(error)}\n`);
    process.exit(1);
  });
await waited(warmUp * 1000);
const before = measured.trials;
Object.assign(measured, { trials: 0, suggests: [], reports: [] });
const start = performance.now();
const end = start + seconds * 1000;
while (performance.now() < end && !stop.signal.aborted) {
  await waited(Math.min(1000, end - performance.now()));
  say({ far: measured.trials });
}
const { trials, suggests, reports } = measured;
const figures = { trials, before, seconds: (performance.now() - start) / 1000 };
say({ ...figures, suggest: histogram(suggests), report: histogram(reports) });
