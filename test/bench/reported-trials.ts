/** Trials in training that report step after step, and no rung in sight. */
import assert from 'node:assert/strict';
import type { Measurement } from '../../server/gen/wazir/v1/measurement.js';
import type { Trial } from '../../server/gen/wazir/v1/trial.js';
import type { TestClient } from '../test-client.js';
import { createBenchStudy } from './bench-study.js';

/** A report but for what the method adds to it. */
export interface Report {
  readonly trial: string;
  readonly attempt: number;
  readonly studyUid: string;
  readonly measurement: Measurement;
}

const firstRung = 1e9;
/** Trials that are asked for at a time. */
const largestAnswer = 1000;
const pageSize = 10_000;

export class ReportedTrials {
  readonly #steps: number[];

  private constructor(
    private readonly client: TestClient,
    private readonly study: string,
    private readonly trials: readonly Trial[],
  ) {
    this.#steps = trials.map(() => 0);
  }

  /** Creates a study and borrows so many of its trials. */
  static async borrow(client: TestClient, count: number): Promise<ReportedTrials> {
    const { name } = await createBenchStudy(client, { name: 'step', min: firstRung, max: 27 * firstRung });
    const trials: Trial[] = [];
    while (trials.length < count) {
      const more = Math.min(count - trials.length, largestAnswer);
      // Those that it has are no loss to be made up for.
      const answer = await client.suggestTrials({
        parent: name,
        clientId: 'bench',
        count: more,
        recover: false,
      });
      assert.equal(answer.trials.length, more);
      trials.push(...answer.trials);
    }
    return new ReportedTrials(client, name, trials);
  }

  /** The next report of a trial, given by its place among those borrowed. */
  next(place: number): Report {
    const trial = this.trials[place]!;
    const step = ++this.#steps[place]!;
    return {
      trial: trial.name,
      attempt: trial.assignment!.attempt,
      studyUid: trial.studyUid,
      measurement: {
        step,
        elapsed: { seconds: step, nanos: 250_000_000 },
        metrics: [
          { name: 'loss', value: 1 / step },
          { name: 'accuracy', value: 1 - 1 / (step + 1) },
        ],
        attempt: 0,
        reportTime: undefined,
        superseded: false,
      },
    };
  }

  /** Throws where the server does not have every report that was made. */
  async verify(): Promise<void> {
    const made = this.#steps.reduce((sum, steps) => sum + steps, 0);
    const { progress } = await this.client.getStudy({ name: this.study });
    assert.equal(progress?.resourceSpent, made, 'steps that the server knows of');
    // Known by its last step is not yet kept: of one trial each measurement is looked at.
    let kept = 0;
    let pageToken = '';
    do {
      const page = await this.client.listMeasurements({ parent: this.trials[0]!.name, pageSize, pageToken });
      for (const { step } of page.measurements) assert.equal(step, ++kept);
      pageToken = page.nextPageToken;
    } while (pageToken !== '');
    assert.equal(kept, this.#steps[0], 'measurements that the server has');
  }
}
