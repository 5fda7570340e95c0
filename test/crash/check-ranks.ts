/**
 * Whether ASHA's decisions were right at the moment when they were made, told
 * from the sequence numbers of the results. When a promotion was decided is not
 * on record: between the trial's result and its next hand-out there must be a
 * moment at which it was among the top floor(n / eta) of its rung. A stop or its
 * absence is decided by the report itself.
 */
import {
  RungResult_Kind as Kind,
  TrialEndReason,
  type RungResult,
  type Trial,
} from '../../server/gen/wazir/v1/trial.js';
import type { Findings } from './findings.js';
import type { StudyListing } from './listing.js';

/** Sequence number of the first hand-out of a trial towards a rung; undefined where there was none. */
export type FirstLent = (uid: string, trial: number, rung: number) => number | undefined;

export class RankCheck {
  /** What was looked at: decisions do not change. */
  readonly #seen = new Set<string>();
  /** Promotions looked at. */
  promotions = 0;

  constructor(
    private readonly findings: Findings,
    private readonly firstLent: FirstLent,
  ) {}

  check({ study, watched }: StudyListing): void {
    const kind = study.spec!.scheduler!.kind!;
    if (kind.$case !== 'asha' && kind.$case !== 'ashaStopping') return;
    const { eta } = kind.value;
    const trials = [...watched.values()].filter(({ scheduling }) => scheduling);
    const rungs = new Map<number, RungResult[]>();
    for (const { scheduling } of trials)
      for (const result of scheduling!.results) {
        const rung = rungs.get(result.rung);
        if (rung) rung.push(result);
        else rungs.set(result.rung, [result]);
      }
    for (const rung of rungs.values()) rung.sort((a, b) => a.sequence - b.sequence);
    for (const trial of trials)
      for (const result of trial.scheduling!.results) {
        const rung = rungs.get(result.rung)!;
        if (kind.$case === 'asha') this.#checkPromotion(study.uid, trial, result, rung, eta);
        else this.#checkSurvival(study.uid, trial, result, rung, eta);
      }
  }

  #checkPromotion(uid: string, trial: Trial, result: RungResult, rung: RungResult[], eta: number): void {
    const { scheduling, id } = trial;
    if (scheduling!.rung <= result.rung) return;
    const what = `${uid}/${id}/${result.rung}`;
    if (this.#seen.has(what)) return;
    this.#seen.add(what);
    this.promotions++;
    const until = this.firstLent(uid, id, result.rung + 1) ?? trial.sequence;
    this.findings.expect(
      wasAmongTop(result, rung, until, eta),
      'broken',
      () => `trial ${id} of ${uid} was promoted from rung ${result.rung} and never ranked for it`,
    );
  }

  #checkSurvival(uid: string, trial: Trial, result: RungResult, rung: RungResult[], eta: number): void {
    const { scheduling, id, endReason } = trial;
    const isLast = scheduling!.results.at(-1) === result;
    const wasStopped = isLast && endReason === TrialEndReason.OUTRANKED;
    const wentOn = scheduling!.rung > result.rung;
    if (!wasStopped && !wentOn) return;
    const before = rung.filter(({ sequence }) => sequence <= result.sequence);
    const better = before.filter((other) => ranksBefore(other, result)).length;
    const isTop = better < Math.max(1, Math.floor(before.length / eta));
    this.findings.expect(
      isTop === wentOn,
      'broken',
      () =>
        `trial ${id} of ${uid} ${wentOn ? 'went on' : 'was stopped'} at rung ${result.rung}: ${better} better of ${before.length}`,
    );
  }
}

/** Whether at some moment from the result to `until` fewer than floor(n / eta) ranked before it. */
function wasAmongTop(result: RungResult, rung: readonly RungResult[], until: number, eta: number): boolean {
  let count = 0;
  let better = 0;
  for (const other of rung) {
    if (other.sequence > until) break;
    count++;
    if (ranksBefore(other, result)) better++;
    if (other.sequence >= result.sequence && better < Math.floor(count / eta)) return true;
  }
  return false;
}

function ranksBefore(a: RungResult, b: RungResult): boolean {
  if (a === b) return false;
  if (a.kind !== b.kind) return a.kind < b.kind;
  if (a.loss !== b.loss && a.kind === Kind.VALUE) return a.loss < b.loss;
  return a.sequence < b.sequence;
}
