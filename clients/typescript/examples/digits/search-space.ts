import { categorical, discrete, double, integer, when, type Parameters } from '../../src/index.js';
import type { Activation } from './network.js';
import type { TrainingSettings } from './training.js';

/** What is searched. Momentum exists only with the optimizer of that name, a second size only with two layers. */
export const parameters = [
  integer('layers', 1, 2, { children: when(2, integer('hidden_2', 16, 64, { scale: 'log' })) }),
  integer('hidden_1', 16, 96, { scale: 'log' }),
  categorical('activation', ['relu', 'tanh']),
  categorical('optimizer', ['momentum', 'adam'], {
    children: [
      ...when('momentum', double('learning_rate', 1e-3, 1, { scale: 'log' }), double('momentum', 0.5, 0.99)),
      ...when('adam', double('learning_rate', 1e-4, 1e-1, { scale: 'log' })),
    ],
  }),
  discrete('batch_size', [16, 32, 64, 128]),
  double('weight_decay', 1e-6, 1e-2, { scale: 'log' }),
];

/** The training that a trial's parameters stand for. */
export function toSettings(values: Parameters, seed: number): TrainingSettings {
  const number = (name: string) => values[name] as number;
  return {
    hidden: values['layers'] === 2 ? [number('hidden_1'), number('hidden_2')] : [number('hidden_1')],
    activation: values['activation'] as Activation,
    optimizer:
      values['optimizer'] === 'adam' ? { name: 'adam' } : { name: 'momentum', momentum: number('momentum') },
    learningRate: number('learning_rate'),
    batchSize: number('batch_size'),
    weightDecay: number('weight_decay'),
    seed,
  };
}
