/** What must hold of one study at any moment, told from what anybody can read of it. */
import { TrialSource, TrialState, type Trial } from '../../server/gen/wazir/v1/trial.js';
import { hasEnded } from '../../server/domain/trial.js';
import type { Findings } from './findings.js';
import { bytesOfTrial, type StudyListing } from './listing.js';

export function checkStudy(findings: Findings, listing: StudyListing): void {
  const { study, trials, watched, sequences } = listing;
  const broken = (holds: boolean, what: string) =>
    findings.expect(holds, 'broken', () => `${study.name} (${study.uid}): ${what}`);

  const numbers = [...watched.keys()].sort((a, b) => a - b);
  broken(
    numbers.every((number, i) => number === i + 1),
    `trial numbers have gaps: ${numbers.join()}`,
  );
  broken(
    sequences.every((sequence, i) => i === 0 || sequence > sequences[i - 1]!),
    'changes out of order',
  );
  for (const [id, trial] of watched) {
    const listed = trials.get(id);
    broken(trial.deleted === !listed, `trial ${id} is listed and deleted, or neither`);
    if (!listed) continue;
    broken(listed.sequence >= trial.sequence, `trial ${id}: the list is older than the watch`);
    if (listed.sequence === trial.sequence)
      broken(bytesOfTrial(listed).equals(bytesOfTrial(trial)), `trial ${id}: list and watch differ`);
  }
  for (const id of trials.keys()) broken(watched.has(id), `trial ${id} is listed and not watched`);
  for (const trial of trials.values()) checkTrial(broken, trial);
  checkLimits(broken, listing);
  checkMade(findings, listing);
  checkRungSizes(broken, listing);
  if (listing.isStill) checkProgress(broken, listing);
}

type Broken = (holds: boolean, what: string) => void;

function checkTrial(broken: Broken, trial: Trial): void {
  const { id, state, attempts, assignment, scheduling } = trial;
  const rungs = scheduling?.results.map(({ rung }) => rung) ?? [];
  broken(
    rungs.every((rung, i) => i === 0 || rung > rungs[i - 1]!),
    `trial ${id} has a rung twice: ${rungs.join()}`,
  );
  if (assignment) broken(assignment.attempt === attempts, `trial ${id} is lent under an old attempt`);
  if (hasEnded(state)) broken(assignment === undefined, `trial ${id} has ended and is lent`);
}

function checkLimits(broken: Broken, { study, trials, watched }: StudyListing): void {
  const { maxParallelTrials, maxTrials } = study.spec!.limits!;
  const lent = [...trials.values()].filter(({ assignment }) => assignment).length;
  if (maxParallelTrials > 0)
    broken(lent <= maxParallelTrials, `${lent} trials are lent, allowed are ${maxParallelTrials}`);
  const counted = [...watched.values()].filter(
    ({ state, source }) => state !== TrialState.INFEASIBLE && source !== TrialSource.WARM_START,
  ).length;
  if (maxTrials > 0) broken(counted <= maxTrials, `${counted} trials count, allowed are ${maxTrials}`);
}

/** Users' trials bear the id of the request that made them: one request, one trial. */
function checkMade(findings: Findings, { study, trials }: StudyListing): void {
  const made = new Map<string, number>();
  for (const { id, labels } of trials.values()) {
    const by = labels['made'];
    if (by === undefined) continue;
    const other = made.get(by);
    findings.expect(
      other === undefined,
      'duplicated',
      () => `${study.name}: request ${by} made trials ${other} and ${id}`,
    );
    made.set(by, id);
  }
}

/** Synchronous rungs: at most floor(n / eta) go on. */
function checkRungSizes(broken: Broken, { study, watched }: StudyListing): void {
  const kind = study.spec!.scheduler!.kind!;
  if (kind.$case !== 'hyperband' && kind.$case !== 'successiveHalving') return;
  const admitted = new Map<string, number>();
  for (const { scheduling, source } of watched.values()) {
    if (!scheduling || source === TrialSource.WARM_START) continue;
    for (let rung = 0; rung <= scheduling.rung; rung++) {
      const place = `${scheduling.round}/${scheduling.bracket}/${rung}`;
      admitted.set(place, (admitted.get(place) ?? 0) + 1);
    }
  }
  for (const [place, size] of admitted) {
    const [round, bracket, rung] = place.split('/').map(Number);
    if (rung === 0) continue;
    const below = admitted.get(`${round}/${bracket}/${rung! - 1}`)!;
    broken(size <= Math.floor(below / kind.value.eta), `${size} of ${below} trials are at rung ${place}`);
  }
}

function checkProgress(broken: Broken, { study, trials }: StudyListing): void {
  const { requested, active, paused, stopping, succeeded, stopped, infeasible, failed } = study.progress!;
  const told = [requested, active, paused, stopping, succeeded, stopped, infeasible, failed];
  const counted = told.map((_, i) => {
    const state = (i + 1) as TrialState;
    return [...trials.values()].filter((trial) => trial.state === state).length;
  });
  broken(told.join() === counted.join(), `the progress tells ${told.join()}, the list has ${counted.join()}`);
}
