import { readFile, rename, writeFile } from 'node:fs/promises';
import { deserialize, serialize } from 'node:v8';
import { CLASSES, PIXELS, type Images } from './digits-data.js';
import { Network, type Activation } from './network.js';
import { descend, freshState, type OptimizerSettings, type OptimizerState } from './optimizer.js';
import { permutation } from './random.js';

export interface TrainingSettings {
  /** Sizes of the hidden layers. */
  readonly hidden: readonly number[];
  readonly activation: Activation;
  readonly optimizer: OptimizerSettings;
  readonly learningRate: number;
  readonly batchSize: number;
  readonly weightDecay: number;
  readonly seed: number;
}

/** All that a training has changed since it began. */
interface State {
  epoch: number;
  readonly weights: Float64Array;
  readonly optimizer: OptimizerState;
}

/** A network being trained. Its state can be saved after any epoch and goes on from there as if nothing had happened. */
export class Training {
  readonly #settings: TrainingSettings;
  readonly #network: Network;
  #state: State;

  constructor(settings: TrainingSettings) {
    this.#settings = settings;
    this.#network = new Network([PIXELS, ...settings.hidden, CLASSES], settings.activation);
    this.#state = {
      epoch: 0,
      weights: this.#network.initial(settings.seed),
      optimizer: freshState(settings.optimizer, this.#network.size),
    };
  }

  /** How many epochs have been trained. */
  get epoch(): number {
    return this.#state.epoch;
  }

  /** Trains on every image once, in an order that depends on the seed and the epoch alone. Returns the mean loss. */
  trainEpoch({ count, pixels, labels }: Images): number {
    const { batchSize, learningRate, optimizer, seed } = this.#settings;
    const { weights } = this.#state;
    const order = permutation(count, seed + 1_000 * ++this.#state.epoch);
    const gradient = new Float64Array(weights.length);
    let loss = 0;
    for (let start = 0; start < count; start += batchSize) {
      const batch = order.subarray(start, start + batchSize);
      gradient.fill(0);
      for (const i of batch) {
        const image = pixels.subarray(i * PIXELS, (i + 1) * PIXELS);
        loss += this.#network.backward(weights, image, labels[i]!, gradient);
      }
      this.#decay(gradient, batch.length);
      descend(optimizer, this.#state.optimizer, weights, gradient, learningRate);
    }
    return loss / count;
  }

  /** The share of images that are read rightly. */
  accuracy({ count, pixels, labels }: Images): number {
    let right = 0;
    for (let i = 0; i < count; i++) {
      const image = pixels.subarray(i * PIXELS, (i + 1) * PIXELS);
      const probabilities = this.#network.predict(this.#state.weights, image);
      if (probabilities.indexOf(Math.max(...probabilities)) === labels[i]) right++;
    }
    return right / count;
  }

  /** Saves the state, whole or not at all. */
  async save(path: string): Promise<void> {
    await writeFile(`${path}.new`, serialize(this.#state));
    await rename(`${path}.new`, path);
  }

  /** Goes on from a saved state of the same settings. */
  async load(path: string): Promise<void> {
    this.#state = deserialize(await readFile(path)) as State;
  }

  /** Turns the sum over a batch into the mean, and adds the pull of every weight towards 0. */
  #decay(gradient: Float64Array, batch: number): void {
    const { weights } = this.#state;
    const { weightDecay } = this.#settings;
    for (let i = 0; i < gradient.length; i++) gradient[i] = gradient[i]! / batch + weightDecay * weights[i]!;
  }
}
