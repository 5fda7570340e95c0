/**
 * 13: same seed and same order of calls, same decisions, also when the server is
 * restarted at any point. 14: maximising y is minimising −y. Each history is
 * played twice and both ends are compared.
 */
import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import fc from 'fast-check';
import { Directive_Kind as Kind } from '../../server/gen/wazir/v1/measurement.js';
import type { Trial } from '../../server/gen/wazir/v1/trial.js';
import { runs } from '../engine/property-runs.js';
import { design } from './choices.js';
import { withoutTime } from './commands.js';
import { Coverage } from './coverage.js';
import type { Design } from './study-kinds.js';
import type { StudyModel } from './study-model.js';
import { createStudy } from './user-calls.js';
import { World } from './world.js';

type History = Iterable<fc.AsyncCommand<object, World>>;

async function play(first: Design, commands: History, options: { negated?: boolean; steady?: boolean }) {
  const world = await World.open(new Coverage(), options);
  try {
    await createStudy(world, 'a', first);
    await fc.asyncModelRun(() => ({ model: {}, real: world }), commands);
    return [...world.studies.values()].map(decisions);
  } finally {
    await world.remove();
  }
}

/** What the server decided: all but uids and measured values; losses are the same whichever way the goal points. */
function decisions(study: StudyModel): unknown {
  const { state, endReason, sequence, progress } = study.snapshot.study;
  return {
    ...{ state, endReason, sequence, progress },
    trials: study.everyTrial.map(decisionsOf),
    directives: [...study.ledger].flatMap(([trial, known]) =>
      [...known].map(([key, { directive }]) => [
        trial,
        key,
        directive && Kind[directive.kind],
        directive?.until,
      ]),
    ),
    promotions: [...study.promotions],
  };
}

function decisionsOf(trial: Trial): unknown {
  const { id, state, parameters, assignment, scheduling, attempts, endReason, sequence, clientId } = trial;
  return {
    ...{ id, state, parameters, scheduling, attempts, endReason, sequence, clientId },
    lent: assignment && [assignment.fromResource, assignment.toResource, assignment.attempt],
    best: trial.bestMeasurement && [trial.bestMeasurement.attempt, trial.bestMeasurement.step],
  };
}

async function compare(
  t: TestContext,
  usual: number,
  one: { negated?: boolean; steady?: boolean },
  other: { negated?: boolean; steady?: boolean },
): Promise<void> {
  let trials = 0;
  const commands = fc.commands(withoutTime, { maxCommands: 50, size: 'max' });
  const property = fc.asyncProperty(design, commands, async (first, history) => {
    const [a, b] = [await play(first, history, one), await play(first, history, other)];
    assert.deepEqual(b, a);
    for (const study of a) trials += (study as { trials: unknown[] }).trials.length;
  });
  await fc.assert(property, runs(usual));
  t.diagnostic(`${trials} trials compared`);
}

test('the same history brings the same decisions, whether or not the server restarts', (t) =>
  compare(t, 12, { steady: false }, { steady: true }));

test('maximising is minimising the negative', (t) =>
  compare(t, 8, { steady: true }, { steady: true, negated: true }));
