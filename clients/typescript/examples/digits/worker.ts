/** One worker of the demo: in a project of your own this, with `wazir-client` for the first import, is the whole job. */
import { parseArgs } from 'node:util';
import { connect } from '../../src/index.js';
import { loadDigits, split } from './digits-data.js';
import { toSettings } from './search-space.js';
import { Training } from './training.js';

/** What a worker tells the demo: that it hangs in the middle of a trial. */
export interface HangMessage {
  readonly trial: number;
  readonly epoch: number;
}

const { values } = parseArgs({
  options: {
    server: { type: 'string', default: '127.0.0.1:8765' },
    study: { type: 'string', default: 'digits' },
    worker: { type: 'string', default: 'w1' },
    checkpoints: { type: 'string', default: 'checkpoints' },
    seed: { type: 'string', default: '1' },
    hang: { type: 'boolean', default: false },
  },
});

/** So many trials a worker that is to hang waits for one that goes on from a checkpoint. */
const PATIENCE = 5;

// Without the demo there is nobody to train for.
process.on('disconnect', () => process.exit());

const seed = Number(values.seed);
const { training, heldOut } = split(await loadDigits(), seed);
const client = connect(values.server);
let trials = 0;

for await (const trial of client.study(values.study).trials({
  worker: values.worker,
  checkpointDir: values.checkpoints,
})) {
  const model = new Training(toSettings(trial.parameters, seed));
  if (trial.checkpointPath !== undefined) await model.load(trial.checkpointPath);
  const doomed = values.hang && (trial.fromResource > 0 || ++trials === PATIENCE);
  for await (const epoch of trial.steps()) {
    model.trainEpoch(training);
    if (doomed) await hang({ trial: trial.id, epoch });
    await trial.report(epoch, { accuracy: model.accuracy(heldOut) });
  }
  await model.save(trial.checkpointPathToWrite);
}

client.close();
if (process.connected) process.disconnect();

/** Never returns: the demo kills the process that sent this. */
async function hang(message: HangMessage): Promise<never> {
  process.send?.(message);
  return new Promise(() => {});
}
