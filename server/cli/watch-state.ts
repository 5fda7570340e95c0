/** What a watcher knows of a study: folded from the stream of WatchStudy, in memory, one small entry a trial. */
import { MetricGoal, type Study, type WatchStudyResponse } from '../gen/wazir/v1/study.js';
import { RungResult_Kind, StudyState, TrialState, type Trial } from '../gen/wazir/v1/trial.js';

/** How full a rung is. */
export interface RungProgress {
  readonly bracket: number;
  readonly rung: number;
  /** Its step; undefined where no trial has shown it. */
  readonly target: number | undefined;
  /** Trials with a result there. */
  readonly done: number;
  /** Trials that got there or are on the way; in the first rung of a lone bracket, those that will. */
  readonly entered: number;
  /** The best value of the ranking metric among its results. */
  readonly best: number | undefined;
}

export interface BestTrial {
  readonly trial: number;
  readonly value: number;
}

export class WatchState {
  study: Study;
  /** The last sequence number seen: where a new stream goes on. */
  sequence = 0;
  readonly #trials = new Map<number, Trial>();

  constructor(study: Study) {
    this.study = study;
  }

  apply({ sequence, record }: WatchStudyResponse): void {
    this.sequence = Math.max(this.sequence, sequence);
    if (record?.$case === 'study') this.study = record.value;
    if (record?.$case === 'trial') {
      const { value } = record;
      if (value.deleted) this.#trials.delete(value.id);
      else this.#trials.set(value.id, value);
    }
  }

  get completed(): boolean {
    return this.study.state === StudyState.COMPLETED;
  }

  /** Name of the metric by which trials are ranked. */
  get metric(): string {
    return this.study.spec?.metrics[0]?.name ?? '';
  }

  /** The value of the ranking metric that a trial is shown with: the final one, else the best so far. */
  valueOf({ finalMeasurement, bestMeasurement }: Trial): number | undefined {
    const { metrics } = finalMeasurement ?? bestMeasurement ?? { metrics: [] };
    return metrics.find(({ name }) => name === this.metric)?.value;
  }

  best(): BestTrial | undefined {
    let best: BestTrial | undefined;
    for (const trial of this.#trials.values()) {
      const value = trial.state === TrialState.INFEASIBLE ? undefined : this.valueOf(trial);
      if (value === undefined || Number.isNaN(value)) continue;
      if (best === undefined || this.#sign * value < this.#sign * best.value)
        best = { trial: trial.id, value };
    }
    return best;
  }

  /** The rungs by bracket, then rung. Infeasible trials are in none, as in the scheduler. */
  rungs(): RungProgress[] {
    const found = new Map<string, { -readonly [K in keyof RungProgress]: RungProgress[K] }>();
    for (const { scheduling, state } of this.#trials.values()) {
      if (scheduling === undefined || state === TrialState.INFEASIBLE) continue;
      const { bracket, target } = scheduling;
      for (let rung = 0; rung <= scheduling.rung; rung += 1) {
        const key = `${bracket}/${rung}`;
        const progress = found.get(key) ?? {
          bracket,
          rung,
          target: undefined,
          done: 0,
          entered: 0,
          best: undefined,
        };
        found.set(key, progress);
        progress.entered += 1;
        if (rung === scheduling.rung) progress.target = target;
        const result = scheduling.results.find((each) => each.rung === rung);
        if (result === undefined) continue;
        progress.done += 1;
        const value = this.#sign * result.loss;
        const counts = !Number.isNaN(value) && result.kind === RungResult_Kind.VALUE;
        if (counts && (progress.best === undefined || this.#sign * value < this.#sign * progress.best)) {
          progress.best = value;
        }
      }
    }
    const rungs = [...found.values()].sort((a, b) => a.bracket - b.bracket || a.rung - b.rung);
    const lone = rungs.every(({ bracket }) => bracket === rungs[0]?.bracket);
    const first = rungs[0];
    if (lone && first !== undefined)
      first.entered = Math.max(first.entered, this.study.spec?.limits?.maxTrials ?? 0);
    return rungs;
  }

  /** 1 where lower is better, −1 where higher is: a loss is the metric times this. */
  get #sign(): 1 | -1 {
    return this.study.spec?.metrics[0]?.goal === MetricGoal.MAXIMIZE ? -1 : 1;
  }
}
