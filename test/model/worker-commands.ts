/** What workers do, well and badly. */
import fc from 'fast-check';
import { TrialState } from '../../server/gen/wazir/v1/trial.js';
import { chosen } from './action.js';
import { ask } from './asking.js';
import {
  action,
  among,
  client,
  handOutOf,
  metricsOf,
  often,
  pick,
  step,
  stepOf,
  value,
  what,
  whose,
  type On,
  type Step,
  type What,
  type Whose,
} from './choices.js';
import { complete, release, renew, report } from './worker-calls.js';

export const asking = action<
  On & { client: number; count: number; holding: boolean; recover: boolean; recorded: boolean }
>(
  'Ask',
  fc.record({
    client,
    count: among([8, 1], [3, 2], [2, 4], [1, -1], [1, 0]),
    holding: often(50),
    recover: often(80),
    recorded: often(40),
  }),
  async (world, study, given) => {
    await ask(world, study, { ...given, client: `w${given.client}` });
  },
);

export const reporting = action<
  On & { whose: Whose; at: number; step: Step; what: What; value: number; streams: boolean }
>(
  'Report',
  fc.record({ whose, at: pick, step, what, value, streams: often(35) }),
  async (world, study, given) => {
    const handOut = handOutOf(study, given.whose, given.at);
    if (!handOut) return;
    const at = stepOf(study, handOut, given.step, given.at);
    const known = study.known(handOut.trial, handOut.attempt, at)?.metrics;
    const metrics = metricsOf(world, study, given.what, given.value, known);
    await report(world, study, { ...handOut, step: at, metrics, via: given.streams ? 'stream' : 'unary' });
  },
);

/** What was reported once comes again, or comes again with another value, or with one more metric. */
export const repeating = action<
  On & { at: number; which: number; what: What; value: number; streams: boolean }
>(
  'ReportAgain',
  fc.record({
    at: pick,
    which: pick,
    what: among<What>([5, 'same'], [2, 'ranking'], [2, 'all'], [1, 'other']),
    value,
    streams: often(35),
  }),
  async (world, study, given) => {
    const id = chosen(study.ledger.keys(), given.at);
    const known = id === undefined ? undefined : chosen(study.measurements(id), given.which);
    if (!known) return;
    const { attempt, step: at } = known;
    const metrics = metricsOf(world, study, given.what, given.value, known.metrics);
    const via = given.streams ? 'stream' : 'unary';
    await report(world, study, { trial: id!, attempt, client: 'w1', step: at, metrics, via });
  },
);

/** A worker's whole job: it asks, trains to its target, and gives back what is paused. */
export const training = action<On & { client: number; value: number; saves: boolean; streams: boolean }>(
  'Train',
  fc.record({ client, value, saves: often(80), streams: often(50) }),
  async (world, study, given) => {
    const worker = `w${given.client}`;
    const asked = { client: worker, count: 1, holding: true, recover: true, recorded: false };
    const [trial] = await ask(world, study, asked);
    if (!trial) return;
    const { attempt, toResource } = trial.assignment!;
    const job = { trial: trial.id, attempt, client: worker };
    const metrics = metricsOf(world, study, 'all', given.value, undefined);
    if (toResource === 0)
      return complete(world, study, { ...job, final: metrics, step: 1, outcome: 'well', recorded: false });
    await report(world, study, {
      ...job,
      step: toResource,
      metrics,
      via: given.streams ? 'stream' : 'unary',
    });
    if (study.snapshot.trials.get(trial.id)!.state === TrialState.PAUSED)
      await release(world, study, { ...job, checkpoint: given.saves ? 'last' : 'none', recorded: false });
  },
);

type Saved = 'none' | 'last' | 'above' | 'zero';
const saved = among<Saved>([4, 'none'], [4, 'last'], [1, 'above'], [1, 'zero']);

export const renewing = action<On & { whose: Whose; at: number; checkpoint: Saved }>(
  'Renew',
  fc.record({ whose, at: pick, checkpoint: saved }),
  async (world, study, given) => {
    const handOut = handOutOf(study, given.whose, given.at);
    if (handOut) await renew(world, study, { ...handOut, checkpoint: given.checkpoint });
  },
);

export const releasing = action<On & { whose: Whose; at: number; checkpoint: Saved; recorded: boolean }>(
  'Release',
  fc.record({ whose, at: pick, checkpoint: saved, recorded: often(40) }),
  async (world, study, { whose: how, at, checkpoint, recorded }) => {
    const handOut = handOutOf(study, how, at);
    if (handOut) await release(world, study, { ...handOut, checkpoint, recorded });
  },
);

type Outcome = 'well' | 'infeasible' | 'failed';

export const completing = action<
  On & {
    whose: Whose;
    at: number;
    final: boolean;
    step: Step;
    value: number;
    outcome: Outcome;
    recorded: boolean;
  }
>(
  'Complete',
  fc.record({
    whose: among<Whose>([6, 'held'], [6, 'any'], [1, 'future'], [1, 'nobody']),
    at: pick,
    final: often(50),
    step: among<Step>([3, 'next'], [3, 'target'], [1, 'zero'], [1, 'below']),
    value,
    outcome: among<Outcome>([4, 'well'], [2, 'infeasible'], [2, 'failed']),
    recorded: often(40),
  }),
  async (world, study, given) => {
    const handOut = handOutOf(study, given.whose, given.at);
    if (!handOut) return;
    const final = given.final ? metricsOf(world, study, 'all', given.value, undefined) : undefined;
    const at = stepOf(study, handOut, given.step, given.at);
    await complete(world, study, {
      ...handOut,
      final,
      step: at,
      outcome: given.outcome,
      recorded: given.recorded,
    });
  },
);
