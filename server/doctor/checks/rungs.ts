import { RungResultKind, TrialState, type Scheduling, type StudySpec } from '../../domain/spec.js';
import { ladderOf } from '../../policy/schedulers/ladder.js';
import type { Check } from '../check.js';

export const rungs: Check = {
  name: 'rungs',
  holds:
    'A trial has a place on its study’s ladder, and one result at each rung that it has passed, in order.',

  study({ name, record: { study } }, tell) {
    const ladder = ladderOfStudy(study!.spec!);
    /** Which trial each report belongs to: ranks break ties by its number. */
    const reports = new Map<number, number>();
    return {
      trial({ trial }, key) {
        const { id, scheduling, state, sequence } = trial!;
        if (!scheduling) return;
        const say = (what: string) => tell({ study: name, record: key, what });
        for (const what of faultsOf(scheduling, ladder, state)) say(what);
        for (const { rung, sequence: number } of scheduling.results) {
          if (number < 1 || number > sequence)
            say(`has its result at rung ${rung} from change ${number}, itself from ${sequence}`);
          const other = reports.get(number);
          if (other !== undefined && other !== id)
            say(`has the report of trial ${other} (change ${number}) at rung ${rung}`);
          reports.set(number, id);
        }
      },
    };
  },
};

/** The steps of bracket 0; bracket b leaves out the b lowest. */
function ladderOfStudy({ scheduler, resource }: StudySpec): readonly number[] {
  const kind = scheduler?.kind;
  if (!resource) return [0];
  return kind === undefined || kind.$case === 'single' ? [resource.max] : ladderOf(resource, kind.value.eta);
}

function* faultsOf(scheduling: Scheduling, ladder: readonly number[], state: TrialState): Generator<string> {
  const { bracket, rung, target, results } = scheduling;
  const steps = ladder.slice(bracket);
  if (bracket < 0 || steps.length === 0) {
    yield `is in bracket ${bracket} of ${ladder.length}`;
    return;
  }
  if (steps[rung] !== target)
    yield `trains to step ${target}, rung ${rung} of its bracket is at ${steps[rung] ?? 'no step'}`;
  for (const [i, { rung: at, kind, loss }] of results.entries()) {
    if (at !== i) {
      yield at < i ? `has a second result at rung ${at}` : `has a result at rung ${at} and none at ${i}`;
      return;
    }
    if (at >= steps.length) yield `has a result at rung ${at} of ${steps.length}`;
    if (
      kind === RungResultKind.VALUE
        ? Number.isNaN(loss)
        : kind < RungResultKind.VALUE || kind > RungResultKind.FAILED
    )
      yield `has a result of kind ${kind} and loss ${loss} at rung ${at}`;
    if (kind === RungResultKind.FAILED && state !== TrialState.FAILED)
      yield `has failed at rung ${at} and lives`;
  }
  if (results.length < rung) yield `is at rung ${rung} and has no result below it`;
}
