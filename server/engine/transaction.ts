/**
 * The changes of one command. Memory changes at once; `commit` writes all of it
 * in one batch and resolves when it is durable. Records are replaced, and changed in
 * place only by the transaction that made them, so an answer that was made of them
 * stays what was written.
 */
import { encode } from '../codec/encode.js';
import { firstField, withEncoded } from '../codec/encoded-form.js';
import type { TrialState } from '../domain/spec.js';
import { hasEnded, mayMove } from '../domain/trial.js';
import { ChangeRecord, StudyRecord, TrialRecord } from '../gen/wazir/internal/v1/records.js';
import type { Study as StudyMessage } from '../gen/wazir/v1/study.js';
import type { Trial } from '../gen/wazir/v1/trial.js';
import { keys } from '../store/keys.js';
import type { Op } from '../store/store.js';
import { LiveTrial } from './live-trial.js';
import type { Recorder } from './request-log.js';
import { mayRest } from './resting.js';
import type { Study } from './study.js';
import type { Change } from './watchers.js';

/** Answers with what is already so, kept under the request id like any other answer. */
export function confirm<T>(study: Study, answer: T, record: Recorder<T> | undefined): Promise<T> {
  return new Transaction(study).commit(() => answer, record);
}

export class Transaction {
  readonly #ops: Op[] = [];
  /** Trials with records that this has made, and these as they are written. */
  readonly #changed = new Map<LiveTrial, Buffer | undefined>();
  readonly #reported: LiveTrial[] = [];
  readonly #afterwards: (() => void)[] = [];
  readonly #resting: [live: LiveTrial, bytes: Uint8Array][] = [];
  readonly #startSequence: number;
  #studyChanged = false;
  /** Set where it frees more than it writes, so that it passes on a full disk. */
  makesSpace = false;

  constructor(readonly study: Study) {
    this.#startSequence = study.sequence;
  }

  /** Takes the next sequence number. */
  nextSequence(): number {
    return ++this.study.sequence;
  }

  add(...ops: Op[]): void {
    for (const op of ops) this.#ops.push(op);
  }

  /** Calls back once all is durable, before the command answers. */
  afterwards(callback: () => void): void {
    this.#afterwards.push(callback);
  }

  /** Whether there is anything to commit. */
  get isEmpty(): boolean {
    return this.#ops.length === 0 && this.#changed.size === 0 && !this.#studyChanged;
  }

  changeStudy(study: Partial<StudyMessage>, record: Partial<StudyRecord> = {}): void {
    const before = this.study.record;
    this.study.record = { ...before, ...record, study: { ...before.study!, ...study } };
    this.#studyChanged = true;
  }

  /** Takes in a trial that has just been made. */
  create(record: TrialRecord): LiveTrial {
    const live = new LiveTrial(record);
    this.study.count(live.trial.state, 1);
    this.#changed.set(live, undefined);
    if (!hasEnded(live.trial.state)) this.study.trials.set(live.id, live);
    return live;
  }

  /**
   * Changes a live trial; keeps the study's sums and the state table. Its first
   * change here makes a record of its own, in which all later ones are.
   */
  change(live: LiveTrial, trial: Partial<Trial>, record: Partial<TrialRecord> = {}): void {
    const { study } = this;
    const from = live.trial.state;
    const to: TrialState = trial.state ?? from;
    if (from !== to && !mayMove(from, to)) throw new TypeError(`no move from trial state ${from} to ${to}`);
    const attempt = live.attempt;
    this.account(live, () => {
      if (this.#changed.has(live)) {
        Object.assign(live.trial, trial);
        // Set, not only changed: it tells the live trial of a new attempt.
        live.record = Object.assign(live.record, record);
      } else live.record = { ...live.record, ...record, trial: { ...live.trial, ...trial } };
      if (live.attempt !== attempt) live.attemptLast = live.record.attemptFrom;
    });
    if (from !== to) {
      study.count(from, -1);
      study.count(to, 1);
    }
    this.#changed.set(live, undefined);
    if (hasEnded(to)) this.#forget(live);
    else study.refreshReady(live);
  }

  /** Marks a trial whose reports have changed how it looks, but not its record. */
  reported(live: LiveTrial): void {
    if (this.study.watchers.any && !this.#reported.includes(live)) this.#reported.push(live);
  }

  /** Runs what changes a trial's spent or lent steps, and books the difference. */
  account(live: LiveTrial, change: () => void): void {
    const { progress } = this.study;
    const spent = live.spent;
    const lent = live.lent;
    change();
    progress.resourceSpent += live.spent - spent;
    progress.resourceLent += live.lent - lent;
  }

  #forget(live: LiveTrial): void {
    const { study } = this;
    study.trials.delete(live.id);
    study.leases.end(live.id);
    study.saving.end(live.id);
    study.queue.delete(live.id);
    study.released.delete(live.id);
    study.ready.remove(live.id);
  }

  /** The record of a trial that this has changed, as it is written; for `respond`. */
  written(live: LiveTrial): Buffer {
    return this.#changed.get(live)!;
  }

  /**
   * A trial that this has changed and that is not lent, as clients see it; for
   * `respond`. It leaves as the bytes that it has in its record.
   */
  answerOf(live: LiveTrial): Trial {
    return withEncoded({ ...live.trial }, firstField(this.written(live)).value);
  }

  #seal(): Change[] {
    const { study } = this;
    const { uid } = study;
    const changes: Change[] = [];
    for (const live of this.#changed.keys()) {
      const before = live.trial.sequence;
      const sequence = this.nextSequence();
      live.merge(sequence);
      if (before > 0) this.add({ type: 'del', key: keys.change(uid, before) });
      const value = encode(TrialRecord, live.record);
      this.#changed.set(live, value);
      if (mayRest(study, live)) this.#resting.push([live, value]);
      this.add(
        { type: 'put', key: keys.trial(uid, live.id), value },
        { type: 'put', key: keys.change(uid, sequence), value: encode(ChangeRecord, { trial: live.id }) },
      );
      if (study.watchers.any) changes.push({ sequence, trial: study.view(live), bytes: value.length });
    }
    for (const live of this.#reported)
      if (!this.#changed.has(live)) changes.push({ sequence: live.reportSequence, trial: study.view(live) });
    if (this.#studyChanged) {
      const before = study.message.sequence;
      const sequence = this.nextSequence();
      study.record = { ...study.record, study: { ...study.message, sequence } };
      if (before > 0) this.add({ type: 'del', key: keys.change(uid, before) });
      this.add(
        { type: 'put', key: keys.study(uid), value: encode(StudyRecord, study.record) },
        { type: 'put', key: keys.change(uid, sequence), value: encode(ChangeRecord, { trial: 0 }) },
      );
      if (study.watchers.any) changes.push({ sequence, study: study.messageView() });
    }
    return changes.length < 2 ? changes : changes.sort((a, b) => a.sequence - b.sequence);
  }

  /**
   * Writes the batch. Must be called in the same turn as the changes were made.
   * @param respond makes the response, once every sequence number is given
   * @param record adds the response's record to the batch
   * @returns the response, when it may leave
   */
  commit<T>(respond: () => T, record?: Recorder<T>): Promise<T> {
    try {
      return this.#commit(respond, record);
    } catch (error) {
      const reason = error as Error;
      return Promise.reject(reason);
    }
  }

  #commit<T>(respond: () => T, record?: Recorder<T>): Promise<T> {
    const { study } = this;
    const changes = this.#seal();
    const response = respond();
    record?.(this, response);
    // Only now: the response shows them.
    for (const [live, bytes] of this.#resting) live.rest(bytes);
    if (this.#ops.length === 0) {
      // Numbers that were taken for nothing go back: the store sees no gap.
      study.sequence = this.#startSequence;
      // The answer rests on what others have changed in memory.
      return study.lastCommit.then(() => response);
    }
    const { sequence } = study;
    const written = study.store.commit({
      studyUid: study.uid,
      epoch: study.epoch,
      expectedSequence: this.#startSequence,
      sequence,
      ops: this.#ops,
      makesSpace: this.makesSpace,
    });
    study.lastCommit = written;
    return written.then(
      () => {
        study.durableSequence = Math.max(study.durableSequence, sequence);
        study.watchers.tell(changes);
        for (const callback of this.#afterwards) callback();
        return response;
      },
      (cause: unknown) => {
        study.onCommitFailure?.(cause);
        throw cause;
      },
    );
  }
}
