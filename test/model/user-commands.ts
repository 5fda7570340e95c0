/** What users and operators do, and time. */
import fc from 'fast-check';
import { StudyState, TrialState } from '../../server/gen/wazir/v1/trial.js';
import { Action, chosen } from './action.js';
import { action, among, client, design, often, pick, value, type On } from './choices.js';
import { retry } from './retries.js';
import {
  advance,
  jump,
  mergeAtOnce,
  readOnce,
  readOptimal,
  readPages,
  watchFrom,
} from './server-commands.js';
import { leaseMs } from './study-kinds.js';
import type { StudyModel } from './study-model.js';
import {
  askForGhost,
  createStudy,
  createTrial,
  deleteStudy,
  deleteTrial,
  stopTrial,
  updateMetadata,
  updateStudy,
  type StudyUpdate,
} from './user-calls.js';

function trialAt(study: StudyModel, at: number): number {
  // Now and then one that is not there.
  return at % 10 === 9
    ? study.lastId + 1
    : (chosen([...study.trials.map(({ id }) => id), ...study.buried.keys()], at) ?? 1);
}

export const stopping = action<On & { at: number; recorded: boolean }>(
  'Stop',
  fc.record({ at: pick, recorded: often(40) }),
  (world, study, { at, recorded }) => stopTrial(world, study, trialAt(study, at), recorded),
);

export const deletingTrial = action<On & { at: number; recorded: boolean }>(
  'DeleteTrial',
  fc.record({ at: pick, recorded: often(40) }),
  (world, study, { at, recorded }) => deleteTrial(world, study, trialAt(study, at), recorded),
);

type Own = 'queued' | 'warm' | 'infeasible' | 'outside';

export const creatingTrial = action<On & { how: Own; value: number; recorded: boolean }>(
  'CreateTrial',
  fc.record({
    how: among<Own>([4, 'queued'], [2, 'warm'], [1, 'infeasible'], [1, 'outside']),
    value,
    recorded: often(40),
  }),
  (world, study, { how, value: number, recorded }) => createTrial(world, study, how, number, recorded),
);

export const annotating = action<
  On & { updates: readonly { at: number; key: string; text: string | undefined }[]; recorded: boolean }
>(
  'UpdateMetadata',
  fc.record({
    updates: fc.array(
      fc.record({
        at: fc.oneof(fc.constant(-1), pick),
        key: fc.constantFrom('a', 'b'),
        text: fc.option(fc.string({ maxLength: 3, unit: 'binary' }), { nil: undefined }),
      }),
      { minLength: 1, maxLength: 3 },
    ),
    recorded: often(40),
  }),
  (world, study, { updates, recorded }) => {
    const given = updates.map(({ at, key, text }) => ({ trial: at < 0 ? 0 : trialAt(study, at), key, text }));
    return updateMetadata(world, study, given, recorded);
  },
);

export const updating = action<On & { update: StudyUpdate; recorded: boolean }>(
  'UpdateStudy',
  fc.record({
    update: fc.oneof(
      {
        weight: 3,
        arbitrary: fc.record({
          state: among<StudyState.ACTIVE | StudyState.PAUSED | StudyState.COMPLETED>(
            [4, StudyState.ACTIVE],
            [2, StudyState.PAUSED],
            [1, StudyState.COMPLETED],
          ),
        }),
      },
      { weight: 2, arbitrary: fc.record({ maxTrials: fc.integer({ min: 2, max: 16 }) }) },
      {
        weight: 1,
        arbitrary: fc.record({
          maxTrials: fc.integer({ min: 2, max: 16 }),
          state: fc.constant(StudyState.ACTIVE as const),
        }),
      },
      { weight: 1, arbitrary: fc.record({ maxParallel: fc.integer({ min: 0, max: 4 }) }) },
      {
        weight: 1,
        arbitrary: fc.record({ label: fc.tuple(fc.constantFrom('l', 'm'), fc.constantFrom('', '1', '2')) }),
      },
      { weight: 1, arbitrary: fc.record({ badMask: fc.constant(true), maxTrials: fc.constant(3) }) },
    ),
    recorded: often(40),
  }),
  (world, study, { update, recorded }) => updateStudy(world, study, update, recorded),
);

export const paging = action<
  On & { size: number; descending: boolean; states: TrialState[]; at: number; write: number }
>(
  'Pages',
  fc.record({
    size: fc.integer({ min: 1, max: 4 }),
    descending: fc.boolean(),
    states: fc.constantFrom(
      [],
      [TrialState.ACTIVE, TrialState.PAUSED],
      [TrialState.STOPPED, TrialState.SUCCEEDED],
    ),
    at: pick,
    write: fc.nat({ max: 2 }),
  }),
  (world, study, { size, descending, states, at, write }) =>
    readPages(world, study, size, descending, states, async () => {
      if (write === 0) await createTrial(world, study, 'warm', 1, false);
      else if (write === 1) await deleteTrial(world, study, trialAt(study, at), false);
      else await stopTrial(world, study, trialAt(study, at), false);
    }),
);

export const reading = action<On & { at: number; what: number }>(
  'Read',
  fc.record({ at: pick, what: fc.nat({ max: 3 }) }),
  async (world, study, { at, what: kind }) => {
    if (kind === 0) {
      // Mostly from shortly before: there the first change to come has not been overtaken.
      const recent = Math.max(0, study.boundaries.length - 2 - (at % 6));
      await watchFrom(world, study, at % 4 === 0 ? at : recent);
    } else if (kind === 1) await readOptimal(world, study);
    else if (kind === 2) await readOnce(world, study);
    else await mergeAtOnce(world, study, at % 2 === 0 ? 0 : trialAt(study, at));
  },
);

export const retrying = fc
  .record({ at: pick, client, otherBody: often(25) })
  .map((given) => new Action('Retry', given, (world, it) => retry(world, it.at, it.client, it.otherBody)));

export const passing = fc
  .record({ ms: among([3, 1000], [3, leaseMs - 1], [4, leaseMs], [1, 3 * leaseMs]) })
  .map((given) => new Action('Advance', given, (world, { ms }) => advance(world, ms)));

export const jumping = fc
  .record({ hours: fc.constantFrom(-48, 1, 20) })
  .map((given) => new Action('Jump', given, (world, { hours }) => jump(world, hours * 3_600_000)));

export const restarting = fc.record({ how: fc.constantFrom('graceful', 'killed') }).map(
  (given) =>
    new Action('Restart', given, async (world, { how }) => {
      if (world.steady) return;
      await world.restart(how);
      world.coverage.count(`restart: ${how}`);
    }),
);

export const creatingStudy = fc
  .record({ id: fc.constantFrom('a', 'b'), design })
  .map((given) => new Action('CreateStudy', given, (world, it) => createStudy(world, it.id, it.design)));

export const deletingStudy = action<On & { again: boolean }>(
  'DeleteStudy',
  fc.record({ again: often(75) }),
  async (world, study, { again }) => {
    await deleteStudy(world, study);
    if (again) await createStudy(world, study.name.slice('owners/default/studies/'.length), study.design);
    await askForGhost(world, study);
  },
);
