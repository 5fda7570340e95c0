/** What the clients of a load know together, in one life of the server. */
import type { Trial } from '../../server/gen/wazir/v1/trial.js';
import type { Random } from './random.js';
import type { Ledger } from './ledger.js';
import type { Connection } from './methods.js';
import { idOf, quietStudy, studyName } from './load-studies.js';

/** A trial that a worker holds. */
export interface Held {
  readonly trial: Trial;
  /** The last step that was acknowledged. */
  step: number;
}

export class World {
  /** Set when the server is about to be killed. */
  over = false;
  /** Uid of each study that is there, by name, as last told. */
  readonly uids = new Map<string, string>();
  /** Numbers of trials that somebody has been told of, by study. */
  readonly #known = new Map<string, number[]>();
  #requests = 0;

  constructor(
    readonly ledger: Ledger,
    /** Stands in every request id: ids are unique over all lives. */
    readonly life: number,
    /** Trials about which a worker fell silent, in this life or an earlier one; somebody may have them since. */
    readonly ghosts: Held[],
  ) {}

  requestId(): string {
    return `${this.life}-${this.#requests++}`;
  }

  learn(uid: string, trial: number): void {
    const known = this.#known.get(uid);
    if (known) known.push(trial);
    else this.#known.set(uid, [trial]);
  }

  /** Some trial of a study, preferably a young one. */
  someTrial(study: string, random: Random): number {
    const known = this.#known.get(this.uids.get(study) ?? '') ?? [];
    return (random.chance(0.3) ? known.at(-1) : random.pick(known.slice(-20))) ?? 1;
  }

  /** Names of the studies that are there to be worked on, as far as is known. */
  get studies(): string[] {
    return [...this.uids.keys()].filter((name) => idOf(name) !== quietStudy);
  }

  uid(id: string): string | undefined {
    return this.uids.get(studyName(id));
  }
}

/** What a client of the load has in hand. */
export interface Hands {
  readonly world: World;
  readonly connection: Connection;
  readonly random: Random;
}
