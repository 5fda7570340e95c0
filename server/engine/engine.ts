/**
 * All studies of a server: finds them by name, loads them when they are first
 * used, forgets idle ones, and drops them all when the store fails.
 */
import type { Logger } from 'pino';
import { WazirError } from '../domain/errors.js';
import { limitsFrom, type Limits } from '../domain/limits.js';
import { formatStudyName, splitTrialName, type StudyName } from '../domain/names.js';
import { studyNotFound } from '../domain/not-found.js';
import { NameRecord, StudyRecord } from '../gen/wazir/internal/v1/records.js';
import { keys } from '../store/keys.js';
import type { Store } from '../store/store.js';
import type { Clock, Timer } from './clock.js';
import { damagedIn } from './damaged.js';
import { loadStudy } from './load.js';
import { OwnerRequests } from './owner-requests.js';
import { pageTokenKey } from './page-token-key.js';
import { PageTokens } from './page-token.js';
import { Purge } from './purge.js';
import { Quota } from './quota.js';
import { StudyCount } from './study-count.js';
import { studyHome, type StudyHome } from './study-home.js';
import type { Study } from './study.js';

const idleMs = 10 * 60 * 1000;
const sweepMs = 60 * 1000;
const reopenMs = 1000;

export class Engine {
  readonly requests: OwnerRequests;
  readonly purge: Purge;
  readonly home: StudyHome;
  readonly studyCount: StudyCount;
  /** Streams that are open. */
  readonly streams: Quota;
  readonly #studies = new Map<string, Promise<Study>>();
  /** Those of them that are loaded. */
  readonly #atHand = new Map<string, Study>();
  readonly #names = new Map<string, Promise<unknown>>();
  readonly #healthListeners: ((healthy: boolean) => void)[] = [];
  readonly #drainListeners = new Set<() => void>();
  #pageTokenKey: Uint8Array | undefined;
  #timer: Timer | undefined;
  #draining = false;
  #closed = false;

  constructor(
    readonly store: Store,
    readonly clock: Clock,
    private readonly logger: Logger,
    readonly limits: Limits = limitsFrom(),
  ) {
    this.home = studyHome(store, clock, limits);
    this.requests = new OwnerRequests(store, this.home.time);
    this.purge = new Purge(store, logger);
    this.studyCount = new StudyCount(store, limits);
    this.streams = new Quota(limits, {
      whole: 'maxStreams',
      ofOwner: 'maxStreamsPerOwner',
      retryAfterSeconds: 10,
    });
    store.onFailure((cause) => this.#dropAll(cause));
  }

  /** Takes up what an earlier process left undone. */
  async open(): Promise<void> {
    this.#pageTokenKey = await pageTokenKey(this.store);
    await this.purge.resume();
    this.#sweepLater();
  }

  /** Page tokens for callers who may know of these owners' studies; `reach` as in `access/principal.ts`. */
  pageTokens(reach: string): PageTokens {
    return new PageTokens(this.#pageTokenKey!, reach);
  }

  /** Calls back whenever the engine begins or ceases to take calls. */
  onHealth(listener: (healthy: boolean) => void): void {
    this.#healthListeners.push(listener);
  }

  /**
   * The study of a name. Throws STUDY_NOT_FOUND, or STUDY_RECREATED where `uid`
   * is given and is another's.
   */
  async study(name: StudyName, uid = ''): Promise<Study> {
    const full = formatStudyName(name);
    let loading = this.#studies.get(full);
    if (!loading) {
      loading = this.#load(name);
      this.#studies.set(full, loading);
      const mine = loading;
      // What failed to load is tried anew by whoever asks next, unless it was created meanwhile.
      mine.catch(() => this.#studies.get(full) === mine && this.#studies.delete(full));
    }
    const study = await loading;
    if (uid !== '' && uid !== study.uid)
      throw new WazirError('STUDY_RECREATED', `${full} was deleted and created anew since`, {
        metadata: { study_uid: study.uid },
        resource: full,
      });
    return study;
  }

  /**
   * A trial's study where it is in memory, and the trial's number: the short way of
   * the hot calls, 1.5 µs for a name taken apart and a promise. Undefined where the
   * long way, `study`, has to say what is so.
   */
  atHand(trialName: string, uid: string): { readonly study: Study; readonly trial: number } | undefined {
    const name = splitTrialName(trialName);
    const study = name && this.#atHand.get(name.study);
    if (!study || study.gone || (uid !== '' && uid !== study.uid)) return undefined;
    return { study, trial: name.trial };
  }

  async #load(name: StudyName): Promise<Study> {
    try {
      const bytes = await this.store.get(keys.name(name.owner, name.study));
      const record = bytes && (await this.store.get(keys.study(NameRecord.decode(bytes).uid)));
      if (!record) throw studyNotFound(name);
      return this.#keep(await loadStudy(this.home, name, StudyRecord.decode(record)));
    } catch (error) {
      throw damagedIn(name, error);
    }
  }

  /** Makes a study that has just been created known. */
  adopt(study: Study): void {
    this.#studies.set(formatStudyName(study.name), Promise.resolve(this.#keep(study)));
  }

  #keep(study: Study): Study {
    study.onCommitFailure = (cause) => {
      if (study.gone) return;
      this.forget(study);
      this.drop(study, reloading(cause));
    };
    if (this.#draining) study.waiters.close(draining());
    this.#atHand.set(formatStudyName(study.name), study);
    return study;
  }

  /** Ends all use of a study. */
  drop(study: Study, why: WazirError): void {
    study.gone = why;
    const full = formatStudyName(study.name);
    if (this.#atHand.get(full) === study) this.#atHand.delete(full);
    study.expiryTimer?.cancel();
    study.waiters.refuseAll(why);
    study.watchers.endAll(why);
  }

  /** Takes a study out of memory; one that took its place under the name stays. */
  forget(study: Study): void {
    const full = formatStudyName(study.name);
    const known = this.#studies.get(full);
    known?.then(
      (loaded) => {
        if (loaded === study && this.#studies.get(full) === known) this.#studies.delete(full);
      },
      () => undefined,
    );
  }

  /** Runs what makes or deletes the study of a name, one after the other. */
  async withName<T>(name: StudyName, run: () => Promise<T>): Promise<T> {
    const full = formatStudyName(name);
    const before = this.#names.get(full) ?? Promise.resolve();
    const mine = before.then(run, run);
    const settled = mine.catch(() => undefined);
    this.#names.set(full, settled);
    try {
      return await mine;
    } finally {
      if (this.#names.get(full) === settled) this.#names.delete(full);
    }
  }

  /**
   * Calls back when the engine drains, at once where it already does.
   * @returns what takes the listener back
   */
  onDrain(listener: () => void): () => void {
    if (this.#draining) queueMicrotask(listener);
    else this.#drainListeners.add(listener);
    return () => this.#drainListeners.delete(listener);
  }

  /** Answers all that wait, and parks nobody any more. */
  async drain(): Promise<void> {
    this.#draining = true;
    for (const listener of [...this.#drainListeners]) listener();
    // All at once: who waits need not wait for a study that is just being read.
    await Promise.all(
      [...this.#studies.values()].map(async (loading) => {
        const study = await loading.catch(() => undefined);
        study?.waiters.close(draining());
        study?.watchers.endAll(draining());
      }),
    );
  }

  get isDraining(): boolean {
    return this.#draining;
  }

  /** Waits for what is under way; the store is the caller's. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#timer?.cancel();
    await this.drain();
    await this.purge.close();
    for (const loading of this.#studies.values()) {
      const study = await loading.catch(() => undefined);
      study?.expiryTimer?.cancel();
      await study?.settled().catch(() => undefined);
      if (study) this.drop(study, draining());
    }
    this.#studies.clear();
  }

  /** A commit failed, and nobody knows what of it is on disk: memory can not be trusted. */
  #dropAll(cause: unknown): void {
    this.logger.error({ err: cause }, 'commit failed, reopening the store');
    const why = reloading(cause);
    for (const loading of this.#studies.values())
      loading.then(
        (study) => this.drop(study, why),
        () => undefined,
      );
    this.#studies.clear();
    this.#atHand.clear();
    this.studyCount.forget();
    for (const listener of this.#healthListeners) listener(false);
    this.#reopenLater(0);
  }

  #reopenLater(ms: number): void {
    this.clock.after(ms, () => {
      if (this.#closed) return;
      this.store
        .reopen()
        .then(() => this.purge.resume())
        .then(
          () => {
            this.logger.info({ epoch: this.store.epoch }, 'store reopened');
            for (const listener of this.#healthListeners) listener(true);
          },
          (error: unknown) => {
            this.logger.error({ err: error }, 'store can not be reopened yet');
            this.#reopenLater(reopenMs);
          },
        );
    });
  }

  #sweepLater(): void {
    this.#timer = this.clock.after(sweepMs, () => {
      for (const loading of this.#studies.values())
        loading.then(
          (study) => this.#sweep(study),
          () => undefined,
        );
      if (!this.#closed) this.#sweepLater();
    });
  }

  /** Forgets a study that nobody uses. One with leases stays: they count on its clock. */
  #sweep(study: Study): void {
    const isIdle =
      this.clock.monotonic() - study.lastUsed > idleMs &&
      study.leases.size === 0 &&
      study.saving.nextExpiry() === undefined &&
      study.waiters.size === 0 &&
      !study.watchers.any &&
      study.durableSequence === study.sequence;
    if (!isIdle) return;
    this.forget(study);
    this.drop(
      study,
      new WazirError('STORE_UNAVAILABLE', 'the study has just left memory; try again', {
        retryAfterSeconds: 0.1,
      }),
    );
  }
}

function reloading(cause: unknown): WazirError {
  return new WazirError('STORE_UNAVAILABLE', 'the study is being read anew after a failed write; try again', {
    retryAfterSeconds: 1,
    cause,
  });
}

export function draining(): WazirError {
  return new WazirError('DRAINING', 'the server is shutting down; ask again', { retryAfterSeconds: 1 });
}
