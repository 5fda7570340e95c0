/** The best trials of a study: one by its metric, or the Pareto set. */
import { isBetter, lossOf, valueOf } from '../domain/measurement.js';
import { TrialState } from '../domain/spec.js';
import type { Measurement } from '../gen/wazir/v1/measurement.js';
import type { Trial } from '../gen/wazir/v1/trial.js';
import { allTrials } from './queries.js';
import type { Study } from './study.js';

interface Candidate {
  readonly trial: Trial;
  readonly losses: readonly number[];
}

export async function listOptimal(study: Study, signal?: AbortSignal): Promise<Trial[]> {
  study.check();
  const finished: Candidate[] = [];
  let best: Candidate | undefined;
  let bestSoFar: Candidate | undefined;
  for await (const [trial] of allTrials(study, undefined, signal)) {
    if (trial.state === TrialState.INFEASIBLE || trial.state === TrialState.FAILED) continue;
    const ended = candidate(study, trial, trial.finalMeasurement);
    if (ended) {
      if (study.spec.metrics.length > 1) addToFront(finished, ended);
      else best = better(best, ended);
    }
    bestSoFar = better(bestSoFar, candidate(study, trial, trial.bestMeasurement));
  }
  await study.settled();
  if (finished.length > 0) return finished.map(({ trial }) => trial).sort((a, b) => a.id - b.id);
  const one = best ?? bestSoFar;
  return one ? [one.trial] : [];
}

/** A trial with a number for each metric; undefined for others. */
function candidate(study: Study, trial: Trial, measurement: Measurement | undefined): Candidate | undefined {
  if (!measurement) return undefined;
  const losses: number[] = [];
  for (const { name, goal } of study.spec.metrics) {
    const value = valueOf(measurement, name);
    if (value === undefined || Number.isNaN(value)) return undefined;
    losses.push(lossOf(value, goal));
  }
  return { trial, losses };
}

/** By the ranking metric; the older one on ties. */
function better(a: Candidate | undefined, b: Candidate | undefined): Candidate | undefined {
  if (!a || !b) return a ?? b;
  return isBetter(b.losses[0]!, a.losses[0]!) ? b : a;
}

function dominates(a: Candidate, b: Candidate): boolean {
  return a.losses.every((loss, i) => loss <= b.losses[i]!) && a.losses.some((loss, i) => loss < b.losses[i]!);
}

function addToFront(front: Candidate[], added: Candidate): void {
  if (front.some((known) => dominates(known, added))) return;
  const kept = front.filter((known) => !dominates(added, known));
  front.splice(0, front.length, ...kept, added);
}
