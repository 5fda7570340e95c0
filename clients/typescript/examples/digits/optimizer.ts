export type OptimizerSettings =
  { readonly name: 'momentum'; readonly momentum: number } | { readonly name: 'adam' };

/** What an optimizer remembers between steps. */
export interface OptimizerState {
  steps: number;
  /** The velocity, or Adam's first moment. */
  readonly first: Float64Array;
  /** Adam's second moment; empty for momentum. */
  readonly second: Float64Array;
}

const ADAM = { beta1: 0.9, beta2: 0.999, epsilon: 1e-8 } as const;

export function freshState({ name }: OptimizerSettings, size: number): OptimizerState {
  return { steps: 0, first: new Float64Array(size), second: new Float64Array(name === 'adam' ? size : 0) };
}

/** Moves the weights one step down the gradient. */
export function descend(
  settings: OptimizerSettings,
  state: OptimizerState,
  weights: Float64Array,
  gradient: Float64Array,
  learningRate: number,
): void {
  state.steps++;
  if (settings.name === 'momentum') momentumStep(settings.momentum, state, weights, gradient, learningRate);
  else adamStep(state, weights, gradient, learningRate);
}

function momentumStep(
  momentum: number,
  { first: velocity }: OptimizerState,
  weights: Float64Array,
  gradient: Float64Array,
  learningRate: number,
): void {
  for (let i = 0; i < weights.length; i++) {
    velocity[i] = momentum * velocity[i]! - learningRate * gradient[i]!;
    weights[i]! += velocity[i]!;
  }
}

/** Kingma and Ba (2015), Algorithm 1. */
function adamStep(
  { first, second, steps }: OptimizerState,
  weights: Float64Array,
  gradient: Float64Array,
  learningRate: number,
): void {
  const { beta1, beta2, epsilon } = ADAM;
  const firstScale = 1 / (1 - beta1 ** steps);
  const secondScale = 1 / (1 - beta2 ** steps);
  for (let i = 0; i < weights.length; i++) {
    const g = gradient[i]!;
    first[i] = beta1 * first[i]! + (1 - beta1) * g;
    second[i] = beta2 * second[i]! + (1 - beta2) * g * g;
    weights[i]! -= (learningRate * first[i]! * firstScale) / (Math.sqrt(second[i]! * secondScale) + epsilon);
  }
}
