/** Backups of everything, one at a time. */
import { WazirError } from '../domain/errors.js';
import { backupPieces } from '../store/backup-writer.js';
import { toTimestamp } from './clock.js';
import { draining, type Engine } from './engine.js';

export class Backups {
  #running = false;

  constructor(private readonly engine: Engine) {}

  /**
   * The pieces of a backup's file, as all is at the first step. Throws
   * LIMIT_EXCEEDED while another runs, DRAINING once the engine drains. Whoever
   * ends it early must say so (`return`): until then the snapshot is held.
   */
  async *run(signal: AbortSignal): AsyncGenerator<Buffer<ArrayBuffer>, void, undefined> {
    if (this.#running)
      throw new WazirError(
        'LIMIT_EXCEEDED',
        'another backup is being made; a server makes one at a time, since each keeps what is deleted meanwhile',
        { metadata: { limit: 'backups', max: '1' }, retryAfterSeconds: 60 },
      );
    this.#running = true;
    try {
      const { store, clock } = this.engine;
      const pieces = backupPieces(store, {
        databaseFormat: store.format,
        databaseId: store.id,
        epoch: store.epoch,
        time: toTimestamp(clock.wall()),
      });
      for await (const piece of pieces) {
        if (signal.aborted) return;
        if (this.engine.isDraining) throw draining();
        yield piece;
      }
    } finally {
      this.#running = false;
    }
  }
}
