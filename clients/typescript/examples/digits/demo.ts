/**
 * Tunes a small neural network on handwritten digits, with everything on this
 * machine: a server, its database, and four worker processes of which one is
 * killed on the way. Run again, it goes on where it was.
 */
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { pino } from 'pino';
import { startServer } from '../../../../server/app.js';
import { StoreOpenError } from '../../../../server/store/open-error.js';
import { connect, maximize, WazirError, v1, type Study } from '../../src/index.js';
import { runCrew, type Loss } from './crew.js';
import { bars, lines, silent, type Progress } from './progress.js';
import { ladder, Rungs } from './rungs.js';
import { parameters } from './search-space.js';
import { summarize, tell } from './summary.js';

const STUDY = 'digits';
const EPOCHS = 27;
const ETA = 3;
/** Short, so that what a killed worker had is soon taken over; an epoch takes a tenth of it. */
const LEASE_SECONDS = 3;

const { values } = parseArgs({
  options: {
    data: { type: 'string', default: './data' },
    workers: { type: 'string', default: '4' },
    trials: { type: 'string', default: '50' },
    seed: { type: 'string', default: '1' },
    json: { type: 'boolean', default: false },
  },
});
const [workers, newTrials, seed] = (['workers', 'trials', 'seed'] as const).map((name) => {
  const number = Number(values[name]);
  if (Number.isSafeInteger(number) && number > 0) return number;
  return quit(`--${name} must be a whole number above 0, not ${JSON.stringify(values[name])}`, 2);
}) as [number, number, number];
const write = (line: string) => process.stdout.write(`${line}\n`);

const interrupt = new AbortController();
process.once('SIGINT', () => interrupt.abort());
process.once('SIGTERM', () => interrupt.abort());

const server = await startServer({
  listen: ['127.0.0.1:0'],
  dataDir: values.data,
  // Standard output is the demo's own.
  logger: pino({ level: 'warn' }, pino.destination(2)),
}).catch((error: unknown) => {
  if (error instanceof StoreOpenError) quit(error.message, 1);
  throw error;
});
const client = connect(server.addresses[0]!);
try {
  await demo(server.addresses[0]!);
} finally {
  client.close();
  await server.close();
}
if (interrupt.signal.aborted) process.exitCode = 130;

async function demo(address: string): Promise<void> {
  const study = client.study(STUDY);
  const { spec } = await createOrExtend(study, newTrials);
  const trials = spec?.limits?.maxTrials ?? 0;
  const steps = ladder(EPOCHS, ETA);
  const progress = showProgress(steps, trials);
  progress.say(
    `Tuning with ${workers} workers at ${address}: up to ${trials} trials of 1 to ${EPOCHS} epochs.`,
  );
  const watching = new AbortController();
  const watched = watch(study, new Rungs(steps), progress, watching.signal);
  let loss: Loss | undefined;
  const crew = {
    address,
    study: STUDY,
    workers,
    checkpoints: join(values.data, 'checkpoints'),
    seed: spec?.seed ?? seed,
    signal: interrupt.signal,
  };
  try {
    await runCrew(crew, (lost) => {
      loss = lost;
      progress.say(`Worker ${lost.worker} was killed in epoch ${lost.epoch} of trial ${lost.trial}.`);
    });
  } finally {
    watching.abort();
    await watched;
    progress.stop();
  }
  if (interrupt.signal.aborted) return;
  const summary = await summarize(study, EPOCHS);
  write(values.json ? JSON.stringify(summary) : await tell(study, summary, loss, values.data));
}

/** A new study, or the one of an earlier run with so many more trials; one that was interrupted is gone on with first. */
async function createOrExtend(study: Study, trials: number): Promise<v1.Study> {
  try {
    const { spec, state } = await study.get();
    if (state !== v1.StudyState.COMPLETED) return await study.get();
    return await study.update({ limits: { maxTrials: (spec?.limits?.maxTrials ?? 0) + trials } });
  } catch (error) {
    if (!(error instanceof WazirError && error.code === 'NOT_FOUND')) throw error;
  }
  const created = await client.createStudy(STUDY, {
    parameters,
    metrics: [maximize('accuracy')],
    resource: { name: 'epoch', max: EPOCHS },
    scheduler: { asha: { eta: ETA } },
    limits: { maxTrials: trials },
    // A network trained too long reads worse again: what counts is the best epoch, as the bars show it.
    finalMeasurement: 'best',
    leaseSeconds: LEASE_SECONDS,
    seed,
  });
  return created.get();
}

function showProgress(steps: readonly number[], trials: number): Progress {
  if (values.json) return silent;
  return process.stdout.isTTY ? bars(steps, trials, ETA) : lines(write);
}

async function watch(study: Study, rungs: Rungs, progress: Progress, signal: AbortSignal): Promise<void> {
  for await (const { record } of study.watch({ signal })) {
    if (record?.$case === 'trial') progress.update(rungs, rungs.take(record.value));
  }
}

function quit(message: string, code: number): never {
  process.stderr.write(`demo: ${message}\n`);
  process.exit(code);
}
