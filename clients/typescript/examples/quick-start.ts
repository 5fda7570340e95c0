import { readFile, writeFile } from 'node:fs/promises';
import { connect, double, minimize } from '../src/index.js';

const client = connect(process.argv[2] ?? 'localhost:8765');
const study = await client.createStudy('quick-start', {
  parameters: [double('learning_rate', 1e-3, 1, { scale: 'log' })],
  metrics: [minimize('loss')],
  resource: { name: 'epoch', max: 9 },
  limits: { maxTrials: 20 },
  existOk: true,
});

for await (const trial of study.trials()) {
  // What is trained here is a single weight, by gradient descent on (weight − 3)².
  let weight = trial.checkpointPath === undefined ? 0 : Number(await readFile(trial.checkpointPath, 'utf8'));
  for await (const epoch of trial.steps()) {
    weight -= (trial.parameters['learning_rate'] as number) * 2 * (weight - 3);
    await trial.report(epoch, { loss: (weight - 3) ** 2 });
  }
  await writeFile(trial.checkpointPathToWrite, String(weight));
}

const best = await study.best();
process.stdout.write(`loss ${best?.value} with ${JSON.stringify(best?.parameters)}\n`);
