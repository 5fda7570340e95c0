/** Deletes in the background what deleted studies left behind, also after a crash. */
import type { Logger } from 'pino';
import { PurgeRecord } from '../gen/wazir/internal/v1/records.js';
import { keys, rangesOfStudy } from '../store/keys.js';
import type { Op, Store } from '../store/store.js';

// Small enough that a purge holds up nobody else's commit for long.
const keysAtOnce = 500;

export class Purge {
  #work: Promise<void> = Promise.resolve();
  #closed = false;

  constructor(
    private readonly store: Store,
    private readonly logger: Logger,
  ) {}

  /** Starts on all that an earlier process did not finish. */
  async resume(): Promise<void> {
    for await (const [key, value] of this.store.iterate(keys.purges()))
      this.start(key.slice(keys.purge('').length), PurgeRecord.decode(value).name, undefined);
  }

  /**
   * Purges a study whose deletion is durable.
   * @param sequence the study's last, where this opening has committed for it
   */
  start(uid: string, name: string, sequence: number | undefined): void {
    this.#work = this.#work.then(() =>
      this.#purge(uid, sequence ?? 0).then(
        () => this.logger.info({ study: name, uid }, 'study purged'),
        // The purge record is still there: the next opening takes it up.
        (error: unknown) => this.logger.warn({ err: error, study: name, uid }, 'purge interrupted'),
      ),
    );
  }

  /** Waits for the batch under way; the rest is for the next opening. */
  async close(): Promise<void> {
    this.#closed = true;
    await this.#work;
  }

  /** Waits until all that was started is purged. */
  async settled(): Promise<void> {
    await this.#work;
  }

  async #purge(uid: string, sequence: number): Promise<void> {
    for (const range of rangesOfStudy(uid)) {
      let ops: Op[] = [];
      for await (const [key] of this.store.iterate(range)) {
        ops.push({ type: 'del', key });
        if (ops.length < keysAtOnce) continue;
        if (this.#closed) throw new Error('the server is closing');
        await this.#commit(uid, sequence, ops);
        ops = [];
      }
      if (ops.length > 0) await this.#commit(uid, sequence, ops);
    }
    await this.#commit(uid, sequence, [{ type: 'del', key: keys.purge(uid) }]);
  }

  #commit(uid: string, sequence: number, ops: readonly Op[]): Promise<void> {
    const { epoch } = this.store;
    const commit = { studyUid: uid, epoch, expectedSequence: sequence, sequence, ops, makesSpace: true };
    return this.store.commit(commit);
  }
}
