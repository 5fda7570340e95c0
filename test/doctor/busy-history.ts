/**
 * A directory in which everything has happened: studies of every scheduler and
 * sampler, played by workers and users who do all that they can, the same for the
 * same seed.
 */
import { WazirError } from '../../server/domain/errors.js';
import type { StudySpec } from '../../server/gen/wazir/v1/study.js';
import { MetricGoal } from '../../server/gen/wazir/v1/study.js';
import { StudyState, TrialState, type Trial } from '../../server/gen/wazir/v1/trial.js';
import type { EngineWorld } from '../engine/engine-world.js';
import type { Given, StudyDriver } from '../engine/study-driver.js';
import {
  asha,
  ashaStopping,
  asyncHyperband,
  halving,
  hyperband,
  resource,
  single,
} from '../engine/study-specs.js';

type Settings = Given<typeof StudySpec>;

const parameters: NonNullable<Settings['parameters']> = [
  { name: 'x', domain: { $case: 'double', value: { min: 0, max: 1 } }, gridPoints: 12 },
  { name: 'layers', domain: { $case: 'integer', value: { min: 1, max: 4 } } },
  {
    name: 'optimiser',
    domain: { $case: 'categorical', value: { values: ['sgd', 'adam'] } },
    children: [
      {
        parentValues: [{ kind: { $case: 'stringValue', value: 'sgd' } }],
        parameter: { name: 'momentum', domain: { $case: 'discrete', value: { values: [0, 0.5, 0.9] } } },
      },
    ],
  },
];

const metrics: NonNullable<Settings['metrics']> = [
  { name: 'loss', goal: MetricGoal.MINIMIZE },
  { name: 'time', goal: MetricGoal.MINIMIZE },
];

/** By id. */
export const busySpecs: Readonly<Record<string, Settings>> = {
  'no-resource': { sampler: { kind: { $case: 'sobol', value: {} } } },
  single: { ...single(5), limits: { maxTrials: 30 } },
  'successive-halving': { ...halving(9, 3, 0), sampler: { kind: { $case: 'sobol', value: {} } } },
  hyperband: { ...hyperband(9, 3, 0), limits: { maxAttempts: 2 } },
  asha: asha(27),
  'asha-bracket': { ...resource(27), scheduler: { kind: { $case: 'asha', value: { eta: 3, bracket: 1 } } } },
  'asha-stopping': ashaStopping(27),
  'async-hyperband': {
    ...asyncHyperband(false),
    sampler: { kind: { $case: 'grid', value: { shuffle: true } } },
  },
  'async-hyperband-stopping': asyncHyperband(true),
  budget: { ...asha(9), limits: { maxTotalResource: 60, maxParallelTrials: 3 } },
};

/** A linear congruential generator: the same draws for the same seed. */
export class Dice {
  #state: number;

  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  /** From 0, below 1. */
  next(): number {
    this.#state = (Math.imul(this.#state, 1_664_525) + 1_013_904_223) >>> 0;
    return this.#state / 2 ** 32;
  }

  /** From 0, below `count`. */
  below(count: number): number {
    return Math.floor(this.next() * count);
  }

  of<T>(among: readonly T[]): T | undefined {
    return among[this.below(Math.max(among.length, 1))];
  }
}

/** Makes the studies, plays so many turns of each, and deletes one more study. */
export async function playBusily(world: EngineWorld, seed: number, turns: number): Promise<StudyDriver[]> {
  const dice = new Dice(seed);
  const studies: StudyDriver[] = [];
  for (const [id, spec] of Object.entries(busySpecs))
    studies.push(await world.create({ parameters, metrics, ...spec }, id));
  const gone = await world.create({ parameters, metrics, ...asha(9) }, 'gone');
  for (let turn = 0; turn < turns; turn++)
    for (const study of [...studies, gone]) await play(world, study, dice, `${turn}`);
  await world.delete(gone);
  await world.engine.purge.settled();
  return studies;
}

async function play(world: EngineWorld, study: StudyDriver, dice: Dice, turn: string): Promise<void> {
  try {
    await act(world, study, dice, turn);
  } catch (error) {
    // A worker or a user who asks for what is not to be had.
    if (!(error instanceof WazirError)) throw error;
  }
  await study.settled();
}

async function act(world: EngineWorld, study: StudyDriver, dice: Dice, turn: string): Promise<void> {
  const id = () => (dice.next() < 0.5 ? `${turn}-request` : '');
  const trials = await study.trials();
  const lent = trials.filter(({ assignment }) => assignment);
  const it = dice.of(lent);
  const held = it && { trial: it.id, attempt: it.attempts };
  const choice = dice.below(100);
  if (choice < 30) await study.ask(`w${dice.below(6)}`, { count: 1 + dice.below(2), requestId: id() });
  else if (choice < 62 && it) await train(study, it, dice);
  else if (choice < 66 && held) await study.renew(held, dice.next() < 0.5 ? it.lastStep : undefined);
  else if (choice < 70 && held) await study.release(held, dice.next() < 0.5 ? it.lastStep : undefined, id());
  else if (choice < 73 && held) await study.fail(held);
  else if (choice < 76 && held) await study.infeasible(held);
  else if (choice < 79 && held)
    await study.complete(held, {
      finalMeasurement: {
        step: it.lastStep + dice.below(3),
        metrics: [{ name: 'loss', value: dice.next() }],
      },
    });
  else if (choice < 82) await study.stop(dice.of(trials)?.id ?? 1, id());
  else if (choice < 85) await study.remove(dice.of(trials)?.id ?? 1, id());
  else if (choice < 88) await study.add({ parameters: pointOf(dice) }, id());
  else if (choice < 90)
    await study.add(
      {
        parameters: pointOf(dice),
        finalMeasurement: { step: 1, metrics: [{ name: 'loss', value: dice.next() }] },
      },
      id(),
    );
  else if (choice < 92)
    await study.annotate(
      [{ trial: dice.of(trials)?.id ?? 0, metadata: { key: 'k', value: { $case: 'text', value: turn } } }],
      id(),
    );
  else if (choice < 96) await world.clock.advance(dice.below(90_000));
  else if (choice < 97) await world.restart();
  else if (choice < 98)
    await study.update({ spec: { limits: { maxTrials: 20 + dice.below(40) } } }, ['spec.limits']);
  else await study.update({ state: dice.next() < 0.3 ? StudyState.PAUSED : StudyState.ACTIVE }, ['state']);
}

async function train(study: StudyDriver, trial: Trial, dice: Dice): Promise<void> {
  const { attempt, toResource } = trial.assignment!;
  const held = { trial: trial.id, attempt };
  const step = dice.next() < 0.6 && toResource > 0 ? toResource : trial.lastStep + 1 + dice.below(2);
  const value = dice.next() < 0.05 ? Number.NaN : dice.next();
  await study.report(held, step, dice.next() < 0.9 ? { loss: value, time: step } : { time: step });
  const { state } = await study.trial(trial.id);
  if (state === TrialState.PAUSED && dice.next() < 0.8) await study.release(held, step);
}

function pointOf(dice: Dice): Trial['parameters'] {
  const sgd = dice.next() < 0.5;
  return [
    { name: 'x', value: { kind: { $case: 'doubleValue', value: dice.next() } } },
    { name: 'layers', value: { kind: { $case: 'integerValue', value: 1 + dice.below(4) } } },
    { name: 'optimiser', value: { kind: { $case: 'stringValue', value: sgd ? 'sgd' : 'adam' } } },
    ...(sgd ? [{ name: 'momentum', value: { kind: { $case: 'doubleValue' as const, value: 0.5 } } }] : []),
  ];
}
