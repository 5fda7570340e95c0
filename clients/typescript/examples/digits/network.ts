import { uniforms } from './random.js';

export type Activation = 'relu' | 'tanh';

/** A layer's place in the flat array of weights: `outputs` rows of `inputs` weights, then `outputs` biases. */
interface Layer {
  readonly inputs: number;
  readonly outputs: number;
  readonly weights: number;
  readonly biases: number;
}

/**
 * A multilayer perceptron: hidden layers with one activation, softmax at the end,
 * trained on cross-entropy by back-propagation (Rumelhart, Hinton and Williams
 * 1986). Holds the shape and the scratch space; weights come from outside.
 */
export class Network {
  /** How many weights and biases there are. */
  readonly size: number;
  readonly #activation: Activation;
  readonly #layers: readonly Layer[];
  /** What each layer puts out for the image at hand; the first is the image. */
  readonly #outputs: Float64Array[];
  /** The loss's derivative by each layer's input sum. */
  readonly #deltas: Float64Array[];

  /** @param shape how many values each layer has, from the image to the classes. */
  constructor(shape: readonly number[], activation: Activation) {
    this.#activation = activation;
    let offset = 0;
    this.#layers = shape.slice(1).map((outputs, i) => {
      const inputs = shape[i]!;
      const layer = { inputs, outputs, weights: offset, biases: offset + inputs * outputs };
      offset = layer.biases + outputs;
      return layer;
    });
    this.size = offset;
    this.#outputs = shape.map((n) => new Float64Array(n));
    this.#deltas = shape.map((n) => new Float64Array(n));
  }

  /** Weights to start from, by the seed: uniform with variance 2/inputs for ReLU (He et al. 2015), 1/inputs for tanh. */
  initial(seed: number): Float64Array {
    const weights = new Float64Array(this.size);
    const random = uniforms(seed);
    for (const layer of this.#layers) {
      const bound = Math.sqrt((this.#activation === 'relu' ? 6 : 3) / layer.inputs);
      for (let i = layer.weights; i < layer.biases; i++) weights[i] = (2 * random() - 1) * bound;
    }
    return weights;
  }

  /** Probabilities of the classes for an image; the array is used again by the next call. */
  predict(weights: Float64Array, image: Float64Array): Float64Array {
    this.#outputs[0]!.set(image);
    this.#layers.forEach((layer, l) => {
      const input = this.#outputs[l]!;
      const output = this.#outputs[l + 1]!;
      for (let o = 0; o < layer.outputs; o++) {
        const row = layer.weights + o * layer.inputs;
        let sum = weights[layer.biases + o]!;
        for (let i = 0; i < layer.inputs; i++) sum += weights[row + i]! * input[i]!;
        output[o] = l === this.#layers.length - 1 ? sum : this.#activate(sum);
      }
    });
    return softmax(this.#outputs.at(-1)!);
  }

  /** Adds the gradient of an image's loss to `gradient`, and returns the loss. */
  backward(weights: Float64Array, image: Float64Array, label: number, gradient: Float64Array): number {
    const probabilities = this.predict(weights, image);
    const last = this.#deltas.at(-1)!;
    last.set(probabilities);
    last[label]! -= 1;
    for (let l = this.#layers.length - 1; l >= 0; l--) {
      const layer = this.#layers[l]!;
      const input = this.#outputs[l]!;
      const delta = this.#deltas[l + 1]!;
      const below = this.#deltas[l]!.fill(0);
      for (let o = 0; o < layer.outputs; o++) {
        const d = delta[o]!;
        gradient[layer.biases + o]! += d;
        const row = layer.weights + o * layer.inputs;
        for (let i = 0; i < layer.inputs; i++) {
          gradient[row + i]! += d * input[i]!;
          below[i]! += d * weights[row + i]!;
        }
      }
      if (l > 0) for (let i = 0; i < layer.inputs; i++) below[i]! *= this.#slope(input[i]!);
    }
    return -Math.log(Math.max(probabilities[label]!, Number.MIN_VALUE));
  }

  #activate(sum: number): number {
    return this.#activation === 'relu' ? Math.max(0, sum) : Math.tanh(sum);
  }

  /** The activation's derivative, from what it gave. */
  #slope(output: number): number {
    if (this.#activation === 'tanh') return 1 - output * output;
    return output > 0 ? 1 : 0;
  }
}

/** In place. */
function softmax(values: Float64Array): Float64Array {
  // The greatest is taken off first, or the exponential of a large sum is infinite.
  const greatest = values.reduce((a, b) => Math.max(a, b));
  let total = 0;
  for (let i = 0; i < values.length; i++) total += values[i] = Math.exp(values[i]! - greatest);
  for (let i = 0; i < values.length; i++) values[i]! /= total;
  return values;
}
