import assert from 'node:assert/strict';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { loadDigits, split } from '../examples/digits/digits-data.js';
import { Network, type Activation } from '../examples/digits/network.js';
import type { OptimizerSettings } from '../examples/digits/optimizer.js';
import { uniforms } from '../examples/digits/random.js';
import { ladder } from '../examples/digits/rungs.js';
import { Training, type TrainingSettings } from '../examples/digits/training.js';

const shapes: [readonly number[], Activation][] = [
  [[6, 5, 4], 'tanh'],
  [[6, 5, 4], 'relu'],
  [[6, 5, 7, 4], 'tanh'],
  [[6, 5, 7, 4], 'relu'],
];

for (const [shape, activation] of shapes) {
  test(`gradients of a ${shape.join('-')} network with ${activation} agree with finite differences`, () => {
    const network = new Network(shape, activation);
    const random = uniforms(3);
    const image = Float64Array.from({ length: 6 }, random);
    // Biases begin at 0; away from it they are checked too.
    const weights = network.initial(1).map((w) => w + (random() - 0.5) / 5);
    const gradient = new Float64Array(network.size);
    network.backward(weights, image, 2, gradient);
    const loss = (at: Float64Array) => -Math.log(network.predict(at, image)[2]!);
    const h = 1e-6;
    for (let i = 0; i < network.size; i++) {
      const up = weights.with(i, weights[i]! + h);
      const down = weights.with(i, weights[i]! - h);
      const difference = (loss(up) - loss(down)) / (2 * h);
      assert.ok(Math.abs(difference - gradient[i]!) < 1e-7, `weight ${i}: ${difference} and ${gradient[i]}`);
    }
  });
}

function settings(optimizer: OptimizerSettings): TrainingSettings {
  return {
    hidden: [16, 12],
    activation: 'relu',
    optimizer,
    learningRate: optimizer.name === 'adam' ? 0.005 : 0.1,
    batchSize: 32,
    weightDecay: 1e-4,
    seed: 5,
  };
}

for (const optimizer of [{ name: 'momentum', momentum: 0.9 }, { name: 'adam' }] as const) {
  test(`training with ${optimizer.name} that is saved and resumed goes on as if it had not stopped`, async (t) => {
    const directory = await mkdtemp(join(tmpdir(), 'wazir-digits-'));
    t.after(() => rm(directory, { recursive: true }));
    const { training, heldOut } = split(await loadDigits(), 1);
    const path = join(directory, '1-1');

    const through = new Training(settings(optimizer));
    const first = [through.trainEpoch(training), through.trainEpoch(training)];
    await through.save(path);
    assert.deepEqual(await readdir(directory), ['1-1']);
    const rest = [through.trainEpoch(training), through.trainEpoch(training)];

    const resumed = new Training(settings(optimizer));
    await resumed.load(path);
    assert.equal(resumed.epoch, 2);
    assert.deepEqual([resumed.trainEpoch(training), resumed.trainEpoch(training)], rest);
    assert.equal(resumed.accuracy(heldOut), through.accuracy(heldOut));
    assert.ok(rest[1]! < first[0]!, 'the loss falls');
    assert.ok(through.accuracy(heldOut) > 0.8, `${through.accuracy(heldOut)} of the images are read rightly`);
  });
}

test('the ladder goes down from the greatest epoch by the factor', () => {
  assert.deepEqual(ladder(27, 3), [1, 3, 9, 27]);
  assert.deepEqual(ladder(10, 3), [1, 3, 10]);
  assert.deepEqual(ladder(1, 3), [1]);
});
