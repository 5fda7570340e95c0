/** 19: a watcher that goes on from where it was after every end of the server. */
import assert from 'node:assert/strict';
import type { WatchStudyResponse } from '../../server/gen/wazir/v1/study.js';
import type { Trial } from '../../server/gen/wazir/v1/trial.js';
import type { TestClient } from '../test-client.js';
import { withoutLeaseTime } from './snapshot.js';
import type { StudyModel } from './study-model.js';

export class Follower {
  /** The latest state of each trial. */
  readonly trials = new Map<number, Trial>();
  #last = 0;
  #stop: (() => void) | undefined;
  #reading: Promise<void> = Promise.resolve();
  #fault: assert.AssertionError | undefined;

  constructor(
    private readonly name: string,
    readonly uid: string,
  ) {}

  /** Goes on reading at a server. */
  start(client: TestClient): void {
    const { responses, stop } = client.watch({
      name: this.name,
      studyUid: this.uid,
      afterSequence: this.#last,
    });
    this.#stop = stop;
    this.#reading = this.#read(responses);
  }

  /** Stops reading, and waits until it has. */
  async stop(): Promise<void> {
    this.#stop?.();
    await this.#reading;
  }

  async #read(responses: AsyncIterable<WatchStudyResponse>): Promise<void> {
    try {
      for await (const response of responses) this.#take(response);
    } catch (error) {
      // The end of the stream; what is wrong with its contents is told by `check`.
      if (error instanceof assert.AssertionError) this.#fault = error;
    }
  }

  #take({ sequence, record }: WatchStudyResponse): void {
    assert.ok(sequence > this.#last, `sequence ${sequence} after ${this.#last}`);
    this.#last = sequence;
    if (record?.$case !== 'trial') return;
    const before = this.trials.get(record.value.id);
    assert.ok(!before?.deleted, `trial ${record.value.id} comes after its deletion`);
    assert.ok(!before || before.sequence < record.value.sequence, 'an older state after a newer one');
    this.trials.set(record.value.id, withoutLeaseTime(record.value));
  }

  /** Waits until the newest state of every trial has come, and compares all that has. */
  async check(study: StudyModel): Promise<void> {
    const newest = Math.max(0, ...study.trials.map(({ sequence }) => sequence));
    const until = Date.now() + 20_000;
    const missing = () =>
      this.#last < newest || [...study.buried.keys()].some((id) => !this.trials.get(id)?.deleted);
    while (missing() && this.#fault === undefined) {
      assert.ok(Date.now() < until, `the watcher stays at ${this.#last} and waits for ${newest}`);
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    if (this.#fault) throw this.#fault;
    for (const trial of study.trials)
      assert.deepEqual(this.trials.get(trial.id), trial, `what a watcher has of trial ${trial.id}`);
    for (const id of study.buried.keys()) assert.ok(this.trials.get(id)?.deleted, `trial ${id} is deleted`);
  }
}
