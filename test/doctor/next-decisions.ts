/** What each study of a busy history decides next: equal for equal databases. */
import type { Trial } from '../../server/gen/wazir/v1/trial.js';
import type { EngineWorld } from '../engine/engine-world.js';
import { StudyDriver } from '../engine/study-driver.js';
import { busySpecs } from './busy-history.js';

const asks = 8;

/** By study: the jobs that are handed out, with their points, and the directives after reports. JSON without loss. */
export async function nextDecisions(world: EngineWorld): Promise<Record<string, unknown[]>> {
  const decisions: Record<string, unknown[]> = {};
  for (const id of Object.keys(busySpecs)) {
    const study = new StudyDriver(world, { owner: 'test', study: id });
    const told: unknown[] = (decisions[id] = []);
    for (let ask = 0; ask < asks; ask++) {
      const { trials, studyState } = await study.ask(`late${ask % 3}`, { requestId: `late-${ask}` });
      for (const trial of trials) {
        told.push(jobOf(trial));
        const { attempt, toResource } = trial.assignment!;
        const directive = await study.report(
          { trial: trial.id, attempt },
          toResource || 1,
          (trial.id * 7) % 11,
        );
        told.push(directive);
      }
      told.push({ studyState });
    }
  }
  return withoutLoss(decisions) as Record<string, unknown[]>;
}

/** A hand-out but for its times. */
export function jobOf({ id, parameters, scheduling, assignment, attempts, expiries, state }: Trial): unknown {
  const { fromResource, toResource, attempt, checkpoint } = assignment!;
  return {
    id,
    state,
    attempts,
    expiries,
    parameters,
    scheduling,
    fromResource,
    toResource,
    attempt,
    checkpoint,
  };
}

/** As it is after JSON, with what JSON has no word for in words. */
export function withoutLoss(value: unknown): unknown {
  const words = (_: string, each: unknown) =>
    typeof each === 'number' && !Number.isFinite(each) ? String(each) : each;
  return JSON.parse(JSON.stringify(value, words));
}
