/** Damages the database of a directory by hand, past the store. */
import { join } from 'node:path';
import { Level } from 'level';
import { StudyRecord, TrialRecord } from '../../server/gen/wazir/internal/v1/records.js';
import type { Trial } from '../../server/gen/wazir/v1/trial.js';
import { seal, unseal } from '../../server/store/checksum.js';
import { keys } from '../../server/store/keys.js';

interface Codec<T> {
  encode(message: T): { finish(): Uint8Array };
  decode(bytes: Uint8Array): T;
}

export interface Study {
  readonly uid: string;
  readonly name: string;
}

export class Damage {
  readonly #database: Level<string, Uint8Array>;

  private constructor(directory: string) {
    this.#database = new Level(join(directory, 'db'), { valueEncoding: 'view', createIfMissing: false });
  }

  static async with<T>(directory: string, work: (damage: Damage) => Promise<T>): Promise<T> {
    const damage = new Damage(directory);
    await damage.#database.open();
    try {
      return await work(damage);
    } finally {
      await damage.#database.close();
    }
  }

  /** The study of an id; the owner is `test`. */
  async study(id: string): Promise<Study> {
    for await (const [key, value] of this.#database.iterator({ gt: 's/', lt: 's0' })) {
      const { uid, name } = StudyRecord.decode(unseal(key, value)).study!;
      if (name === `owners/test/studies/${id}`) return { uid, name };
    }
    throw new Error(`no study ${id}`);
  }

  /** The first trial of a study that is as asked for. */
  async trial({ uid }: Study, is: (trial: Trial, record: TrialRecord) => boolean): Promise<Trial> {
    for await (const [key, value] of this.#database.iterator(keys.trialsOf(uid))) {
      const record = TrialRecord.decode(unseal(key, value));
      if (is(record.trial!, record)) return record.trial!;
    }
    throw new Error('no trial is so');
  }

  async keys(range: object): Promise<string[]> {
    return this.#database.keys(range).all();
  }

  async value(key: string): Promise<Uint8Array> {
    const sealed: Uint8Array | undefined = await this.#database.get(key);
    if (!sealed) throw new Error(`no ${key}`);
    return unseal(key, sealed);
  }

  put(key: string, value: Uint8Array): Promise<void> {
    return this.#database.put(key, seal(key, value));
  }

  putRaw(key: string, sealed: Uint8Array): Promise<void> {
    return this.#database.put(key, sealed);
  }

  raw(key: string): Promise<Uint8Array | undefined> {
    return this.#database.get(key);
  }

  delete(key: string): Promise<void> {
    return this.#database.del(key);
  }

  async change<T>(key: string, codec: Codec<T>, change: (message: T) => T): Promise<void> {
    await this.put(key, codec.encode(change(codec.decode(await this.value(key)))).finish());
  }

  /** Changes the record of a trial. */
  changeTrial({ uid }: Study, id: number, trial: Partial<Trial>, record: Partial<TrialRecord> = {}) {
    return this.change(keys.trial(uid, id), TrialRecord, (before) => ({
      ...before,
      ...record,
      trial: { ...before.trial!, ...trial },
    }));
  }
}
